internal import CGEOS

extension LiveIndex {
    /// Puts a point at a place, whether it was there before or not, and takes this as a sign of life.
    ///
    /// - Parameters:
    ///   - flags: replace what the point had; with an expiry policy `fresh` is the index's own.
    ///   - time: milliseconds in the caller's clock. A time before the last one does not make the point older.
    /// - Returns: whether the point is new.
    /// - Complexity: O(1) inside its cell, else O(depth), amortised.
    @discardableResult
    package mutating func update(_ id: Int64, to place: GeoPoint, flags: PointFlags, at time: Int64) -> Bool {
        guard let number = table.number(of: id) else {
            insert(id, to: place, flags: flags, at: time)
            return true
        }
        move(number, to: place, flags: flags, at: time)
        return false
    }

    /// Puts many points at their places, in order; the same as `update` for each, but up to twice as fast, because the
    /// memory that one needs is on its way while another is dealt with.
    package mutating func update(_ moves: [PointMove]) {
        moves.withUnsafeBufferPointer { moves in
            forEachKnown(of: moves) { index, move in
                index.update(move.id, to: move.place, flags: move.flags, at: move.time)
            }
        }
    }

    /// Moves those who are there and tells who is not, in order.
    package mutating func updateKnown(_ moves: ArraySlice<PointMove>) -> [PointMove] {
        var unknown: [PointMove] = []
        moves.withUnsafeBufferPointer { moves in
            forEachKnown(of: moves) { _, move in unknown.append(move) }
        }
        return unknown
    }

    @inline(__always)
    private mutating func forEachKnown(
        of moves: UnsafeBufferPointer<PointMove>, others: (inout LiveIndex, PointMove) -> Void
    ) {
        var start = 0
        while start < moves.count {
            let end = min(start &+ SearchScratch.batch, moves.count)
            lookAhead(UnsafeBufferPointer(rebasing: moves[start..<end]))
            for index in start..<end {
                let number = scratch.numbers[index &- start]
                if number != .max {
                    move(number, to: moves[index].place, flags: moves[index].flags, at: moves[index].time)
                } else {
                    others(&self, moves[index])
                }
            }
            start = end
        }
    }

    /// Looks up a few members and asks for the memory that moving them will need, one step of the way for all of them
    /// before the next step: memory that is far away is then waited for once instead of once for each.
    @inline(__always)
    private mutating func lookAhead(_ moves: UnsafeBufferPointer<PointMove>) {
        let (numbers, blocks) = (scratch.numbers, scratch.blocks)
        for index in 0..<moves.count { table.prefetchEntry(of: moves[index].id) }
        for index in 0..<moves.count { numbers[index] = table.likelyNumber(of: moves[index].id) }
        for index in 0..<moves.count where numbers[index] != .max {
            var record = table[numbers[index]]
            if record.pointee.id != moves[index].id {
                numbers[index] = table.number(of: moves[index].id) ?? .max
                guard numbers[index] != .max else { continue }
                record = table[numbers[index]]
            }
            let home = record.pointee.home
            geo_prefetch(slab.at(home & ~TreeLayout.innerMark) + InnerNode.childrenOffset + record.pointee.slot &* 4)
        }
        for index in 0..<moves.count where numbers[index] != .max {
            let base = slab.at(leafReference(of: numbers[index]))
            geo_prefetch(base)
            geo_prefetch(base + 64)
            blocks[index] = base
        }
        for index in 0..<moves.count where numbers[index] != .max {
            let block = LeafBlock(blocks[index])
            let lane = Int(table[numbers[index]].pointee.lane)
            geo_prefetch(block.places + lane)
            geo_prefetch(block.ids + lane)
            let (x, y) = (fixedX(moves[index].place.longitude), fixedY(moves[index].place.latitude))
            if !block.cell.contains(x, y) { lookAhead(from: block, toward: x, y) }
        }
    }

    /// Asks for what leaving a leaf for another place will need.
    @inline(__always)
    private func lookAhead(from block: LeafBlock, toward x: UInt32, _ y: UInt32) {
        geo_prefetch(block.places + (block.count &- 1))
        geo_prefetch(block.ids + (block.count &- 1))
        var node = block.cell.parent
        while !inner(node).cell.contains(x, y) {
            if node == root { return }
            node = inner(node).cell.parent
        }
        var child = inner(node).children[inner(node).slot(of: x, y)]
        while child & TreeLayout.innerMark != 0 {
            node = child & ~TreeLayout.innerMark
            child = inner(node).children[inner(node).slot(of: x, y)]
        }
        let base = slab.at(child)
        geo_prefetch(base)
        geo_prefetch(base + 64)
    }

    /// The block that holds a member, or the first of its chain if the member remembers the node above.
    @inline(__always)
    func leafReference(of number: UInt32) -> UInt32 {
        let record = table[number]
        let home = record.pointee.home
        guard home & TreeLayout.innerMark != 0 else { return home }
        return inner(home & ~TreeLayout.innerMark).children[record.pointee.slot]
    }

    /// Where a member is.
    @inline(__always)
    func spot(of number: UInt32) -> (block: LeafBlock, lane: Int) {
        let record = table[number]
        let block = leaf(leafReference(of: number))
        return (block, block.lane(of: record.pointee.id, hint: Int(record.pointee.lane)))
    }

    @inline(__always)
    private mutating func move(_ number: UInt32, to place: GeoPoint, flags: PointFlags, at time: Int64) {
        let bits = flags.rawValue | freshBit
        let x = fixedX(place.longitude)
        let y = fixedY(place.latitude)
        let record = table[number]
        if time > record.pointee.lastSeen { record.pointee.lastSeen = time }
        if record.pointee.isStale { revive(number) }
        let (block, lane) = spot(of: number)
        if block.cell.contains(x, y) {
            block.places[lane] = LiveIndex.stored(place)
            if block.flags[lane] != bits { overwriteFlags(of: block, lane, with: bits) }
        } else {
            relocate(number, from: block, lane, place: place, bits: bits, x: x, y: y)
        }
    }

    /// Replaces the flags of a point; false for an unknown one. Not a sign of life.
    @discardableResult
    package mutating func setFlags(_ id: Int64, to flags: PointFlags) -> Bool {
        guard let number = table.number(of: id) else { return false }
        let kept = table[number].pointee.isStale ? 0 : freshBit
        let (block, lane) = spot(of: number)
        overwriteFlags(of: block, lane, with: flags.rawValue & ~freshBit | kept)
        return true
    }

    /// A sign of life without a place; false for an unknown point.
    @discardableResult
    package mutating func touch(_ id: Int64, at time: Int64) -> Bool {
        guard let number = table.number(of: id) else { return false }
        if time > table[number].pointee.lastSeen { table[number].pointee.lastSeen = time }
        if table[number].pointee.isStale {
            revive(number)
            let (block, lane) = spot(of: number)
            overwriteFlags(of: block, lane, with: block.flags[lane] | freshBit)
        }
        return true
    }

    /// Removes a point; false for an unknown one.
    ///
    /// - Complexity: O(depth), also for one of a crowd in a single place.
    @discardableResult
    package mutating func remove(_ id: Int64) -> Bool {
        guard let number = table.number(of: id) else { return false }
        wheel.unlink(number, in: table)
        detach(number)
        table.remove(number)
        return true
    }

    /// A point as the index knows it; nil for an unknown id.
    package func member(_ id: Int64) -> IndexMember? {
        guard let number = table.number(of: id) else { return nil }
        let record = table[number]
        let (block, lane) = spot(of: number)
        return IndexMember(
            place: GeoPoint(known: block.places[lane].latitude, block.places[lane].longitude),
            flags: PointFlags(rawValue: block.flags[lane]), lastSeen: record.pointee.lastSeen,
            isStale: record.pointee.isStale)
    }

    /// The antimeridian has two names; inside the index it has one, so that places on it are neighbours. So have the
    /// few numbers just below 180 that a turn makes 360 by rounding: their cell is the one at -180.
    @inline(__always)
    static func stored(_ place: GeoPoint) -> StoredPlace {
        StoredPlace(
            latitude: place.latitude, longitude: place.longitude + 180 >= 360 ? -180 : place.longitude)
    }

    private mutating func insert(_ id: Int64, to place: GeoPoint, flags: PointFlags, at time: Int64) {
        let (x, y) = (fixedX(place.longitude), fixedY(place.latitude))
        let bits = flags.rawValue | freshBit
        let number = table.insert(id)
        table[number].pointee.lastSeen = time
        if let policy = wheel.policy { wheel.link(number, due: time &+ policy.staleAfter, in: table) }
        while !inner(root).cell.contains(x, y) { growRoot() }
        inner(root).count += 1
        self.place(number, at: place, bits: bits, x: x, y: y, below: root)
    }

    /// A stale point has given a sign of life: it must be looked at before the time under which it hangs now.
    private mutating func revive(_ number: UInt32) {
        table[number].pointee.isStale = false
        guard let policy = wheel.policy else { return }
        wheel.unlink(number, in: table)
        wheel.link(number, due: table[number].pointee.lastSeen &+ policy.staleAfter, in: table)
    }

    /// Writes flags and keeps the unions above exact.
    mutating func overwriteFlags(of block: LeafBlock, _ lane: Int, with bits: UInt8) {
        let before = block.flags[lane]
        block.flags[lane] = bits
        let parent = block.cell.parent
        let slot = Int(block.cell.slot)
        if block.isRemembered {
            let head = leaf(inner(parent).children[slot])
            head.flagCounts = head.flagCounts &- LeafBlock.counts(of: before) &+ LeafBlock.counts(of: bits)
        }
        if before & ~bits != 0 {
            setUnion(of: leafUnion(inner(parent).children[slot]), slot: slot, below: parent)
        } else {
            addToUnions(bits, slot: slot, below: parent)
        }
    }

    private mutating func relocate(
        _ number: UInt32, from block: LeafBlock, _ lane: Int, place: GeoPoint, bits: UInt8, x: UInt32, y: UInt32
    ) {
        let parent = block.cell.parent
        let slot = Int(block.cell.slot)
        takeOut(number, lane, of: block)
        var node = parent
        while !inner(node).cell.contains(x, y) {
            if node == root { growRoot() }
            inner(node).count -= 1
            node = inner(node).cell.parent
        }
        self.place(number, at: place, bits: bits, x: x, y: y, below: node)
        tidy(slot, below: parent)
    }

    /// Takes a member's place out of the tree; the member stays in the table.
    mutating func detach(_ number: UInt32) {
        let (block, lane) = spot(of: number)
        let (parent, slot) = (block.cell.parent, Int(block.cell.slot))
        takeOut(number, lane, of: block)
        var node = parent
        while node != 0 {
            inner(node).count -= 1
            node = inner(node).cell.parent
        }
        tidy(slot, below: parent)
    }

    /// Fills a member's place with the last one of its leaf. The leaf may be left empty; counts and unions are not
    /// touched.
    private mutating func takeOut(_ number: UInt32, _ lane: Int, of hole: LeafBlock) {
        let children = inner(hole.cell.parent).children
        let slot = Int(hole.cell.slot)
        let headReference = children[slot]
        let head = leaf(headReference)
        let last = head.count - 1
        if hole.isRemembered { head.flagCounts &-= LeafBlock.counts(of: hole.flags[lane]) }
        if head.cell.base != hole.cell.base || lane != last {
            head.copyLane(last, to: hole, lane)
            if hole.isRemembered {
                let moved = record(at: lane, of: hole)
                moved.pointee.home = table[number].pointee.home
                moved.pointee.lane = UInt8(truncatingIfNeeded: lane)
            }
        }
        head.count = last
        if last == 0, head.next != 0 {
            children[slot] = head.next
            leaf(head.next).flagCounts = head.flagCounts
            slab.release(headReference, units: head.units)
        }
    }

    /// Puts a member into the leaf for its place, below a node that holds the place and counts it already.
    private mutating func place(
        _ number: UInt32, at place: GeoPoint, bits: UInt8, x: UInt32, y: UInt32, below start: UInt32
    ) {
        var node = start
        while true {
            let slot = inner(node).slot(of: x, y)
            let child = inner(node).children[slot]
            if child & TreeLayout.innerMark != 0 {
                node = child & ~TreeLayout.innerMark
                inner(node).count += 1
                continue
            }
            if child == 0 {
                inner(node).children[slot] = makeLeaf(slot, below: node, capacity: TreeLayout.capacities[0])
            } else {
                let block = leaf(child)
                if block.count == block.capacity, !makeRoom(slot, below: node) { continue }
            }
            let reference = inner(node).children[slot]
            append(number, at: place, bits: bits, to: reference)
            addToUnions(bits, slot: slot, below: node)
            return
        }
    }

    @inline(__always)
    private func append(_ number: UInt32, at place: GeoPoint, bits: UInt8, to reference: UInt32) {
        let block = leaf(reference)
        let lane = block.count
        let record = table[number]
        block.flags[lane] = bits
        block.places[lane] = LiveIndex.stored(place)
        block.ids[lane] = record.pointee.id
        block.count = lane &+ 1
        if block.isRemembered { block.flagCounts &+= LeafBlock.counts(of: bits) }
        settle(record, in: block, reference, lane)
    }

    /// The record of the member at a place.
    func record(at lane: Int, of block: LeafBlock) -> UnsafeMutablePointer<MemberRecord> {
        guard let number = table.number(of: block.ids[lane]) else {
            preconditionFailure("a place whose member the table does not hold")
        }
        return table[number]
    }

    /// Makes a member remember where it is.
    @inline(__always)
    func settle(
        _ record: UnsafeMutablePointer<MemberRecord>, in block: LeafBlock, _ reference: UInt32, _ lane: Int
    ) {
        record.pointee.home = block.isRemembered ? reference : block.cell.parent | TreeLayout.innerMark
        record.pointee.slot = Int(block.cell.slot)
        record.pointee.lane = UInt8(truncatingIfNeeded: lane)
    }
}

/// A point's new place, with a sign of life.
package struct PointMove: Hashable, Sendable {
    package let id: Int64
    package let place: GeoPoint
    package let flags: PointFlags
    /// Milliseconds in the caller's clock.
    package let time: Int64

    package init(id: Int64, place: GeoPoint, flags: PointFlags, time: Int64) {
        self.id = id
        self.place = place
        self.flags = flags
        self.time = time
    }
}

/// What the index knows of one member.
package struct IndexMember: Hashable, Sendable {
    package let place: GeoPoint
    package let flags: PointFlags
    /// Milliseconds of the last sign of life.
    package let lastSeen: Int64
    package let isStale: Bool
}
