/// Sizes of the tree's parts, and why.
enum TreeLayout {
    /// Places that a leaf's block can have. Fine steps keep blocks four fifths full.
    static let capacities: [Int] = [2, 4, 6, 8, 12, 16, 24, 32]
    static let largestCapacity = 32
    /// A node whose whole subtree holds at most this many becomes a leaf again; a quarter of what splits one.
    static let collapseAt = 8
    /// Smallest cell: 2^10 units of 9 mm, about 10 m. Places closer than that share a chain of blocks.
    static let smallestCellBits: UInt8 = 10
    static let innerUnits = 13
    static let headBytes = 24
    static let largestUnits = units(ofCapacity: largestCapacity, bits: smallestCellBits)

    /// Bytes of a block's flags, in whole words so that eight are looked at together.
    @inline(__always)
    static func flagBytes(ofCapacity capacity: Int) -> Int { (capacity &+ 7) & ~7 }

    /// Where the counts of flags are that a leaf at the smallest cell size keeps behind its places.
    @inline(__always)
    static func countsOffset(ofCapacity capacity: Int) -> Int {
        headBytes &+ flagBytes(ofCapacity: capacity) &+ 24 &* capacity
    }

    @inline(__always)
    static func units(ofCapacity capacity: Int, bits: UInt8) -> Int {
        countsOffset(ofCapacity: capacity) / 8 + (bits <= smallestCellBits ? 4 : 0)
    }

    static func smallestCapacity(holding count: Int) -> Int {
        for capacity in capacities where capacity >= count { return capacity }
        return largestCapacity
    }

    /// The size `steps` above or below; the end of the list beyond it.
    static func capacity(_ steps: Int, from capacity: Int) -> Int {
        let index = capacities.firstIndex(of: capacity) ?? 0
        return capacities[min(max(0, index + steps), capacities.count - 1)]
    }

    /// Marks a reference to an inner node; leaves have it clear.
    static let innerMark: UInt32 = 1 << 31
}

/// The head that leaf blocks and inner nodes share: the cell and the way up.
///
/// A cell is a square of `1 << bits` units in fixed-point degrees, seen from the index's origin, wrapping around.
struct TreeCell {
    let base: UnsafeMutableRawPointer

    @inline(__always)
    init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// The inner node above, without its mark; 0 above the root.
    @inline(__always)
    var parent: UInt32 {
        get { base.load(fromByteOffset: 0, as: UInt32.self) }
        nonmutating set { base.storeBytes(of: newValue, toByteOffset: 0, as: UInt32.self) }
    }
    @inline(__always)
    var west: UInt32 {
        get { base.load(fromByteOffset: 8, as: UInt32.self) }
        nonmutating set { base.storeBytes(of: newValue, toByteOffset: 8, as: UInt32.self) }
    }
    @inline(__always)
    var south: UInt32 {
        get { base.load(fromByteOffset: 12, as: UInt32.self) }
        nonmutating set { base.storeBytes(of: newValue, toByteOffset: 12, as: UInt32.self) }
    }
    /// At most the smallest cosine of a latitude in the cell.
    @inline(__always)
    var leastCosine: Float {
        get { base.load(fromByteOffset: 16, as: Float.self) }
        nonmutating set { base.storeBytes(of: newValue, toByteOffset: 16, as: Float.self) }
    }
    @inline(__always)
    var bits: UInt8 {
        get { base.load(fromByteOffset: 20, as: UInt8.self) }
        nonmutating set { base.storeBytes(of: newValue, toByteOffset: 20, as: UInt8.self) }
    }
    /// Which child of its parent this is, 0 to 15: row × 4 + column.
    @inline(__always)
    var slot: UInt8 {
        get { base.load(fromByteOffset: 21, as: UInt8.self) }
        nonmutating set { base.storeBytes(of: newValue, toByteOffset: 21, as: UInt8.self) }
    }

    @inline(__always)
    func contains(_ x: UInt32, _ y: UInt32) -> Bool {
        ((x ^ west) | (y ^ south)) >> UInt32(bits) == 0
    }
}

/// A leaf's block: the head, then the flags of up to 32 places, then the places, then the ids. Head and flags share one
/// or two cache lines, so a search reads a place only when its flags are right, and an id only when it is near enough.
///
/// A leaf at the smallest cell size may be a chain of blocks, of which all but the first are full. The first one counts
/// for each flag how many of the chain have it, so that a crowd in one place costs no more than anybody else when
/// one of it goes or changes his flags.
struct LeafBlock {
    let cell: TreeCell
    let capacity: Int

    @inline(__always)
    init(_ base: UnsafeMutableRawPointer) {
        cell = TreeCell(base)
        capacity = Int(base.load(fromByteOffset: 23, as: UInt8.self))
    }

    @inline(__always)
    var next: UInt32 {
        get { cell.base.load(fromByteOffset: 4, as: UInt32.self) }
        nonmutating set { cell.base.storeBytes(of: newValue, toByteOffset: 4, as: UInt32.self) }
    }
    @inline(__always)
    var count: Int {
        get { Int(cell.base.load(fromByteOffset: 22, as: UInt8.self)) }
        nonmutating set {
            cell.base.storeBytes(of: UInt8(truncatingIfNeeded: newValue), toByteOffset: 22, as: UInt8.self)
        }
    }
    @inline(__always)
    var flags: UnsafeMutablePointer<UInt8> {
        (cell.base + TreeLayout.headBytes).assumingMemoryBound(to: UInt8.self)
    }
    @inline(__always)
    var places: UnsafeMutablePointer<StoredPlace> {
        (cell.base + (TreeLayout.headBytes &+ TreeLayout.flagBytes(ofCapacity: capacity)))
            .assumingMemoryBound(to: StoredPlace.self)
    }
    @inline(__always)
    var ids: UnsafeMutablePointer<Int64> {
        (cell.base + (TreeLayout.headBytes &+ TreeLayout.flagBytes(ofCapacity: capacity) &+ capacity &* 16))
            .assumingMemoryBound(to: Int64.self)
    }

    /// Whether members of this leaf remember the block itself instead of the node above: in a chain, looking through
    /// all blocks for an id would take long.
    @inline(__always)
    var isRemembered: Bool { cell.bits <= TreeLayout.smallestCellBits }

    /// Size of the block in the slab.
    @inline(__always)
    var units: Int { TreeLayout.units(ofCapacity: capacity, bits: cell.bits) }

    /// How many of the chain have each flag. Only in the first block of a leaf that `isRemembered`.
    @inline(__always)
    var flagCounts: SIMD8<UInt32> {
        get { cell.base.loadUnaligned(fromByteOffset: TreeLayout.countsOffset(ofCapacity: capacity), as: Counts.self) }
        nonmutating set {
            cell.base.storeBytes(
                of: newValue, toByteOffset: TreeLayout.countsOffset(ofCapacity: capacity), as: Counts.self)
        }
    }
    typealias Counts = SIMD8<UInt32>

    @inline(__always)
    static func counts(of flags: UInt8) -> Counts {
        (Counts(repeating: UInt32(flags)) &>> Counts(0, 1, 2, 3, 4, 5, 6, 7)) & 1
    }

    /// What any place of the chain has, by the counts.
    var countedUnion: UInt8 {
        let bits = Counts(1, 2, 4, 8, 16, 32, 64, 128).replacing(with: 0, where: flagCounts .== 0)
        return UInt8(truncatingIfNeeded: bits.wrappedSum())
    }

    /// What any of the block's places has.
    @inline(__always)
    var flagsUnion: UInt8 {
        var union: UInt8 = 0
        for lane in 0..<count { union |= flags[lane] }
        return union
    }

    /// Which of the eight places from `first` on have all of the flags in `needs`, which are the same byte eight times:
    /// the highest bit of byte n stands for the place `first` + n.
    @inline(__always)
    func matches(from first: Int, _ needs: UInt64) -> UInt64 {
        let word = (cell.base + (TreeLayout.headBytes &+ first)).load(as: UInt64.self)
        let missing = (word & needs) ^ needs
        let low: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
        let none = ~(((missing & low) &+ low) | missing) & ~low
        let left = count &- first
        return left >= 8 ? none : none & ((1 &<< UInt64(truncatingIfNeeded: left &* 8)) &- 1)
    }

    /// Where a member is; the hint is tried first.
    @inline(__always)
    func lane(of id: Int64, hint: Int) -> Int {
        let (ids, count) = (ids, count)
        if hint < count, ids[hint] == id { return hint }
        var lane = 0
        while ids[lane] != id { lane &+= 1 }
        return lane
    }

    static func writeHead(at base: UnsafeMutableRawPointer, capacity: Int, cell: Cell) {
        let head = TreeCell(base)
        head.parent = cell.parent
        base.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
        head.west = cell.west
        head.south = cell.south
        head.leastCosine = cell.leastCosine
        head.bits = cell.bits
        head.slot = cell.slot
        base.storeBytes(of: 0, toByteOffset: 22, as: UInt8.self)
        base.storeBytes(of: UInt8(capacity), toByteOffset: 23, as: UInt8.self)
    }

    @inline(__always)
    func copyLane(_ lane: Int, to target: LeafBlock, _ targetLane: Int) {
        target.flags[targetLane] = flags[lane]
        target.places[targetLane] = places[lane]
        target.ids[targetLane] = ids[lane]
    }

    /// The describing part of a block, for making one.
    struct Cell {
        var parent: UInt32
        var west: UInt32
        var south: UInt32
        var leastCosine: Float
        var bits: UInt8
        var slot: UInt8
    }
}

/// Degrees as they came, except that the antimeridian is always -180.
struct StoredPlace {
    var latitude: Double
    var longitude: Double
}

/// An inner node: 4 × 4 children, how many places are below, and per child the union of the flags below it.
struct InnerNode {
    let cell: TreeCell

    @inline(__always)
    init(_ base: UnsafeMutableRawPointer) { cell = TreeCell(base) }

    @inline(__always)
    var count: Int {
        get { Int(cell.base.load(fromByteOffset: 4, as: UInt32.self)) }
        nonmutating set {
            cell.base.storeBytes(of: UInt32(truncatingIfNeeded: newValue), toByteOffset: 4, as: UInt32.self)
        }
    }
    static let childrenOffset = 24

    @inline(__always)
    var children: UnsafeMutablePointer<UInt32> {
        (cell.base + InnerNode.childrenOffset).assumingMemoryBound(to: UInt32.self)
    }
    @inline(__always)
    var unions: UnsafeMutablePointer<UInt8> { (cell.base + 88).assumingMemoryBound(to: UInt8.self) }

    /// What any place below has.
    @inline(__always)
    var flagsUnion: UInt8 {
        var folded =
            cell.base.load(fromByteOffset: 88, as: UInt64.self) | cell.base.load(fromByteOffset: 96, as: UInt64.self)
        folded |= folded &>> 32
        folded |= folded &>> 16
        folded |= folded &>> 8
        return UInt8(truncatingIfNeeded: folded)
    }

    @inline(__always)
    func slot(of x: UInt32, _ y: UInt32) -> Int {
        let shift = UInt32(cell.bits &- 2)
        return Int(((y &>> shift) & 3) &<< 2 | (x &>> shift) & 3)
    }

    /// A lower bound for the children of a row, 0 to 3 from the south.
    @inline(__always)
    func rowBound(_ row: Int, _ size: UInt32, _ query: QueryPoint) -> Double {
        let start = cell.south &+ UInt32(truncatingIfNeeded: row) &* size
        return QueryPoint.bound(gap: QueryPoint.gap(from: query.y, start: start, sizeLessOne: size &- 1))
    }

    /// A lower bound for the children of a column, 0 to 3 from the west, on the equator.
    @inline(__always)
    func columnBound(_ column: Int, _ size: UInt32, _ query: QueryPoint) -> Double {
        let start = cell.west &+ UInt32(truncatingIfNeeded: column) &* size
        return QueryPoint.bound(gap: QueryPoint.gap(from: query.x, start: start, sizeLessOne: size &- 1))
    }

    static func writeHead(at base: UnsafeMutableRawPointer, cell: LeafBlock.Cell) {
        LeafBlock.writeHead(at: base, capacity: 0, cell: cell)
        (base + 24).initializeMemory(as: UInt8.self, repeating: 0, count: 80)
    }
}
