internal import CGEOS

/// Raw memory in segments that never move, cut into blocks of a few sizes. A freed block is used again for the next of
/// its size; segments are given back when the slab ends.
///
/// A reference counts units of 8 bytes, so 31 bits of it reach 16 GiB; 0 is no block.
struct Slab: ~Copyable {
    static let segmentShift = 15
    static let segmentUnits = 1 << segmentShift

    /// Where the segments are; changes only when there are more of them.
    private(set) var segments: UnsafeMutablePointer<UnsafeMutableRawPointer>
    private var segmentCapacity = 16
    private(set) var segmentCount = 0
    private var used = Slab.segmentUnits
    /// Heads of the lists of freed blocks, by size in units.
    private let free: UnsafeMutablePointer<UInt32>
    private let largest: Int
    /// Units in blocks that are in use.
    private(set) var unitsInUse = 0

    init(largestBlockUnits: Int) {
        largest = largestBlockUnits
        segments = .allocate(capacity: segmentCapacity)
        free = .allocate(capacity: largestBlockUnits + 1)
        free.initialize(repeating: 0, count: largestBlockUnits + 1)
    }

    deinit {
        for index in 0..<segmentCount { segments[index].deallocate() }
        segments.deallocate()
        free.deallocate()
    }

    @inline(__always)
    func at(_ reference: UInt32) -> UnsafeMutableRawPointer {
        let segment = Int(truncatingIfNeeded: reference) &>> Slab.segmentShift
        let offset = (Int(truncatingIfNeeded: reference) & (Slab.segmentUnits - 1)) &<< 3
        return segments[segment] + offset
    }

    /// A block of `units` × 8 bytes with whatever was in it before.
    mutating func allocate(units: Int) -> UInt32 {
        precondition(units > 0 && units <= largest, "a size that this slab does not serve")
        unitsInUse += units
        let reused = free[units]
        if reused != 0 {
            let next = at(reused).load(as: UInt32.self)
            free[units] = next
            // Whoever asks next for this size will write all of it, and it may have lain long in far memory.
            for line in stride(from: 0, to: units &* 8, by: 64) { geo_prefetch(at(next) + line) }
            return reused
        }
        if used + units > Slab.segmentUnits { addSegment() }
        let reference = UInt32((segmentCount - 1) << Slab.segmentShift | used)
        used += units
        return reference
    }

    mutating func release(_ reference: UInt32, units: Int) {
        unitsInUse -= units
        at(reference).storeBytes(of: free[units], as: UInt32.self)
        free[units] = reference
    }

    private mutating func addSegment() {
        precondition(segmentCount < 1 << (31 - Slab.segmentShift), "the index is full")
        if segmentCount == segmentCapacity {
            let wider = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(capacity: segmentCapacity * 2)
            wider.moveInitialize(from: segments, count: segmentCount)
            segments.deallocate()
            segments = wider
            segmentCapacity *= 2
        }
        let bytes = Slab.segmentUnits * 8
        (segments + segmentCount).initialize(to: .allocate(byteCount: bytes, alignment: 64))
        segmentCount += 1
        // The first unit of the first segment stays unused: reference 0 means none.
        used = segmentCount == 1 ? 1 : 0
    }
}
