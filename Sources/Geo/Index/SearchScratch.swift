/// Memory that a search works in, kept between searches so that a search allocates nothing.
struct SearchScratch: ~Copyable {
    /// What is still to be visited: the bits of the bound above, the reference below. A binary heap, smallest first.
    private(set) var heap: UnsafeMutablePointer<UInt64>
    private(set) var heapCapacity = 256
    /// The best so far, nearest first.
    var best: UnsafeMutablePointer<Found>
    private var bestCapacity = 64
    var excluded: UnsafeMutablePointer<Int64>
    private var excludedCapacity = 64

    /// Edges of an area, one list after the other, each for a smaller square.
    var edges: UnsafeMutablePointer<AreaEdge>
    private var edgeCapacity = 512

    /// How many moves of a batch are looked up ahead of being carried out.
    static let batch = 64
    let numbers: UnsafeMutablePointer<UInt32>
    let blocks: UnsafeMutablePointer<UnsafeMutableRawPointer>

    struct Found {
        var chordSquared: Double
        var id: Int64
        var block: UInt32
        var lane: UInt32
    }

    init() {
        heap = .allocate(capacity: heapCapacity)
        best = .allocate(capacity: bestCapacity)
        excluded = .allocate(capacity: excludedCapacity)
        edges = .allocate(capacity: edgeCapacity)
        numbers = .allocate(capacity: SearchScratch.batch)
        blocks = .allocate(capacity: SearchScratch.batch)
    }

    deinit {
        numbers.deallocate()
        blocks.deallocate()
        edges.deallocate()
        heap.deallocate()
        best.deallocate()
        excluded.deallocate()
    }

    /// Takes over a heap that a search has had to make larger.
    mutating func adoptHeap(_ heap: UnsafeMutablePointer<UInt64>, capacity: Int) {
        self.heap = heap
        heapCapacity = capacity
    }

    mutating func reserveBest(_ count: Int) {
        guard count > bestCapacity else { return }
        best.deallocate()
        best = .allocate(capacity: count)
        bestCapacity = count
    }

    mutating func reserveEdges(_ count: Int) {
        guard count > edgeCapacity else { return }
        edges.deallocate()
        edges = .allocate(capacity: count)
        edgeCapacity = count
    }

    mutating func reserveExcluded(_ count: Int) {
        guard count > excludedCapacity else { return }
        excluded.deallocate()
        excluded = .allocate(capacity: count)
        excludedCapacity = count
    }
}
