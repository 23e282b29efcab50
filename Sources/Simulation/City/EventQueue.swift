internal import DispatchCore

/// What happens in a simulated city.
enum CityEvent: Sendable {
    case order(Int)
    case cancel(Int)
    case kitchenReady(Int)
    case force(Int)
    case answer(Int, [OrderID], isForced: Bool)
    case stopDone(Int, leg: Int)
    case silence(Int, lasting: Int)
    case back(Int)
    case tick
}

/// Events by time; those of one second in the sequence in which they were added.
struct EventQueue: Sendable {
    struct Entry: Sendable {
        var second: Int
        var number: Int
        var kind: CityEvent
    }

    /// Latest first, so that the next one is taken from the end.
    private var entries: [Entry] = []
    private var count = 0

    mutating func add(_ kind: CityEvent, at second: Int) {
        count += 1
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].second > second { low = middle + 1 } else { high = middle }
        }
        entries.insert(Entry(second: second, number: count, kind: kind), at: low)
    }

    mutating func next() -> Entry? { entries.popLast() }
}
