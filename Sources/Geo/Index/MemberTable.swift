internal import CGEOS

/// What the index remembers of one member besides its place. 32 bytes, two to a cache line.
struct MemberRecord {
    static let none = UInt32.max

    var id: Int64
    /// Milliseconds of the last sign of life, in the caller's clock.
    var lastSeen: Int64
    /// The node above the leaf that holds the place, with `TreeLayout.innerMark`; in a cell of the smallest size, where
    /// leaves may be chains, the leaf's block. Blocks that grow and shrink do not touch their members.
    var home: UInt32
    /// Neighbours in the expiry wheel's list; in a free record `next` is the next free one.
    var previous: UInt32
    var next: UInt32
    var wheelSlot: UInt16
    /// Which place of the block; only a hint where `home` is a node.
    var lane: UInt8
    private var bits: UInt8 = 0

    init(id: Int64) {
        self.id = id
        lastSeen = 0
        home = 0
        previous = MemberRecord.none
        next = MemberRecord.none
        wheelSlot = .max
        lane = 0
    }

    /// Which child of the home node the leaf is, 0 to 15.
    @inline(__always)
    var slot: Int {
        get { Int(bits & 15) }
        set { bits = bits & ~15 | UInt8(truncatingIfNeeded: newValue) }
    }

    @inline(__always)
    var isStale: Bool {
        get { bits & 0x80 != 0 }
        set { bits = newValue ? bits | 0x80 : bits & 0x7f }
    }
}

/// The members of an index by dense number, and the way from an id to its number: open addressing with linear probing
/// over 4-byte entries, of which 6 bits are a tag of the hash, so that a probe reads a record only when it is the right
/// one (or one in 64 wrong ones).
struct MemberTable: ~Copyable {
    static let numberBits: UInt32 = 26
    static let numberMask: UInt32 = (1 << numberBits) - 1
    static let segmentShift = 12
    static let segmentSize = 1 << segmentShift

    /// Where the records are; changes only when there are more segments.
    private(set) var segments: UnsafeMutablePointer<UnsafeMutablePointer<MemberRecord>>
    private var segmentCapacity = 16
    private var segmentCount = 0
    private var recordCount = 0
    private var firstFree = MemberRecord.none

    private var entries: UnsafeMutablePointer<UInt32>
    private var entryMask = 63
    private(set) var count = 0

    init() {
        segments = .allocate(capacity: segmentCapacity)
        entries = .allocate(capacity: 64)
        entries.initialize(repeating: 0, count: 64)
    }

    deinit {
        for index in 0..<segmentCount { segments[index].deallocate() }
        segments.deallocate()
        entries.deallocate()
    }

    @inline(__always)
    subscript(number: UInt32) -> UnsafeMutablePointer<MemberRecord> {
        let index = Int(truncatingIfNeeded: number)
        return segments[index &>> MemberTable.segmentShift] + (index & (MemberTable.segmentSize - 1))
    }

    /// Fibonacci hashing with a final fold; ids are often consecutive.
    @inline(__always)
    private static func hash(_ id: Int64) -> UInt64 {
        let product = UInt64(bitPattern: id) &* 0x9E37_79B9_7F4A_7C15
        return product ^ (product &>> 32)
    }

    @inline(__always)
    private static func tag(_ hash: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: hash &>> 58) &<< numberBits
    }

    /// The number of a member; nil for an unknown id.
    @inline(__always)
    func number(of id: Int64) -> UInt32? {
        let hash = MemberTable.hash(id)
        let tag = MemberTable.tag(hash)
        var position = Int(truncatingIfNeeded: hash) & entryMask
        while true {
            let entry = entries[position]
            if entry == 0 { return nil }
            if entry & ~MemberTable.numberMask == tag {
                let number = (entry & MemberTable.numberMask) &- 1
                if self[number].pointee.id == id { return number }
            }
            position = (position &+ 1) & entryMask
        }
    }

    /// Asks for the memory where the search for an id will begin.
    @inline(__always)
    func prefetchEntry(of id: Int64) {
        geo_prefetch(entries + (Int(truncatingIfNeeded: MemberTable.hash(id)) & entryMask))
    }

    /// The number that most likely belongs to an id, without reading its record, for which it asks; `.max` for an
    /// unknown id.
    @inline(__always)
    func likelyNumber(of id: Int64) -> UInt32 {
        let hash = MemberTable.hash(id)
        let tag = MemberTable.tag(hash)
        var position = Int(truncatingIfNeeded: hash) & entryMask
        while true {
            let entry = entries[position]
            if entry == 0 { return .max }
            if entry & ~MemberTable.numberMask == tag {
                let number = (entry & MemberTable.numberMask) &- 1
                geo_prefetch(self[number])
                return number
            }
            position = (position &+ 1) & entryMask
        }
    }

    /// Adds an id that is not in the table; the rest of its record is for the caller to fill.
    mutating func insert(_ id: Int64) -> UInt32 {
        if (count + 1) * 5 > (entryMask + 1) * 4 { growEntries() }
        let number: UInt32
        if firstFree != MemberRecord.none {
            number = firstFree
            firstFree = self[number].pointee.next
        } else {
            number = UInt32(recordCount)
            precondition(number < MemberTable.numberMask - 1, "more members than the index can number")
            if recordCount == segmentCount << MemberTable.segmentShift { addSegment() }
            recordCount += 1
        }
        self[number].initialize(to: MemberRecord(id: id))
        count += 1
        enter(number, hash: MemberTable.hash(id))
        return number
    }

    /// Removes a member; its number is given to a later one.
    mutating func remove(_ number: UInt32) {
        var hole = position(of: number)
        var probe = hole
        while true {
            probe = (probe + 1) & entryMask
            let entry = entries[probe]
            if entry == 0 { break }
            let home = Int(truncatingIfNeeded: MemberTable.hash(self[(entry & MemberTable.numberMask) - 1].pointee.id))
            // The entry may fill the hole when its home is not between the hole and itself.
            if ((probe - home) & entryMask) >= ((probe - hole) & entryMask) {
                entries[hole] = entry
                hole = probe
            }
        }
        entries[hole] = 0
        count -= 1
        self[number].pointee.next = firstFree
        self[number].pointee.home = 0
        firstFree = number
    }

    /// Calls `body` with the number of each member, in no useful order.
    func visitAll(_ body: (UInt32) -> Void) {
        for position in 0...entryMask where entries[position] != 0 {
            body((entries[position] & MemberTable.numberMask) - 1)
        }
    }

    private func position(of number: UInt32) -> Int {
        var position = Int(truncatingIfNeeded: MemberTable.hash(self[number].pointee.id)) & entryMask
        while entries[position] & MemberTable.numberMask != number + 1 {
            precondition(entries[position] != 0, "a member that the table does not hold")
            position = (position + 1) & entryMask
        }
        return position
    }

    private mutating func enter(_ number: UInt32, hash: UInt64) {
        var position = Int(truncatingIfNeeded: hash) & entryMask
        while entries[position] != 0 { position = (position + 1) & entryMask }
        entries[position] = MemberTable.tag(hash) | (number + 1)
    }

    private mutating func growEntries() {
        let old = UnsafeMutableBufferPointer(start: entries, count: entryMask + 1)
        entryMask = old.count * 2 - 1
        entries = .allocate(capacity: old.count * 2)
        entries.initialize(repeating: 0, count: old.count * 2)
        for entry in old where entry != 0 {
            let number = (entry & MemberTable.numberMask) - 1
            enter(number, hash: MemberTable.hash(self[number].pointee.id))
        }
        old.deallocate()
    }

    private mutating func addSegment() {
        if segmentCount == segmentCapacity {
            let wider = UnsafeMutablePointer<UnsafeMutablePointer<MemberRecord>>.allocate(capacity: segmentCapacity * 2)
            wider.moveInitialize(from: segments, count: segmentCount)
            segments.deallocate()
            segments = wider
            segmentCapacity *= 2
        }
        (segments + segmentCount).initialize(to: .allocate(capacity: MemberTable.segmentSize))
        segmentCount += 1
    }
}
