/// A binary heap of bounds with references, in memory that somebody else owns.
enum BoundHeap {
    @inline(__always)
    static func entry(bound: Double, reference: UInt32) -> UInt64 {
        // Rounding to `Float` may be upward by 6e-8; the bound has given up 1e-6.
        UInt64(Float(bound).bitPattern) &<< 32 | UInt64(reference)
    }

    @inline(__always)
    static func bound(of entry: UInt64) -> Double {
        Double(Float(bitPattern: UInt32(truncatingIfNeeded: entry &>> 32)))
    }

    @inline(__always)
    static func push(_ entry: UInt64, onto heap: UnsafeMutablePointer<UInt64>, count: inout Int) {
        var position = count
        count &+= 1
        while position > 0 {
            let above = (position &- 1) &>> 1
            if heap[above] <= entry { break }
            heap[position] = heap[above]
            position = above
        }
        heap[position] = entry
    }

    @inline(__always)
    static func pop(from heap: UnsafeMutablePointer<UInt64>, count: inout Int) -> UInt64 {
        let top = heap[0]
        count &-= 1
        let last = heap[count]
        var position = 0
        while true {
            var below = position &* 2 &+ 1
            if below >= count { break }
            if below &+ 1 < count, heap[below &+ 1] < heap[below] { below &+= 1 }
            if heap[below] >= last { break }
            heap[position] = heap[below]
            position = below
        }
        heap[position] = last
        return top
    }
}
