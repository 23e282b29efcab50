/// Messages of one session that wait for room on the wire. They leave in pages, so that a long replay is never more
/// than a window ahead of what the network has taken.
///
/// What the event log lists is bounded by itself and may wait. Hints that come while others wait are bounded here: a
/// phone that leaves too many of them lying reads too slowly.
struct EventOutbox: Sendable {
    /// Bytes that may be under way, and bytes of hints that may come while others wait.
    private let window: Int
    private let lateLimit: Int
    private var waiting: [EventMessage] = []
    private var underWay = 0
    private var late = 0
    /// The highest number that has left.
    private(set) var sentThrough: Int64 = 0

    /// - Parameter limit: Bytes that may wait for a slow phone; half of them may be under way at once.
    init(limit: Int) {
        window = max(limit / 2, 1)
        lateLimit = limit
    }

    var isEmpty: Bool { waiting.isEmpty }

    /// Puts messages at the end.
    mutating func add(_ messages: [EventMessage]) {
        waiting += messages
    }

    /// Puts hinted messages at the end.
    ///
    /// - Returns: False when more of them wait than may.
    mutating func addHints(_ messages: [EventMessage]) -> Bool {
        if !waiting.isEmpty { late += messages.reduce(0) { $0 + $1.bytes.count } }
        waiting += messages
        return late <= lateLimit
    }

    /// The next messages for which there is room, at least one when nothing is under way.
    mutating func page() -> [EventMessage] {
        var count = 0
        while count < waiting.count, underWay < window {
            underWay += waiting[count].bytes.count
            count += 1
        }
        guard count > 0 else { return [] }
        let page = Array(waiting[..<count])
        waiting.removeFirst(count)
        if waiting.isEmpty { late = 0 }
        sentThrough = page[count - 1].sequence
        return page
    }

    /// The network has taken a page.
    mutating func written(_ page: [EventMessage]) {
        underWay -= page.reduce(0) { $0 + $1.bytes.count }
    }
}
