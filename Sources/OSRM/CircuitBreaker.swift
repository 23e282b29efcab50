/// Stops asking a server that keeps failing, and tries it again with one request after a while. A pure state machine;
/// times are milliseconds of any clock that does not go backwards.
package struct CircuitBreaker: Hashable, Sendable {
    private enum State: Hashable, Sendable {
        case closed(failures: Int)
        case open(until: Int64)
        /// One request is on its way to find out.
        case halfOpen(since: Int64)
    }

    private let tolerated: Int
    private let pause: Int64
    private var state = State.closed(failures: 0)

    /// - Parameters:
    ///   - tolerated: so many failures in a row open it.
    ///   - pauseMilliseconds: how long it stays open.
    package init(tolerated: Int = 3, pauseMilliseconds: Int64 = 10_000) {
        self.tolerated = max(1, tolerated)
        pause = max(1, pauseMilliseconds)
    }

    package var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    /// Whether a request may be made now. When it says yes after a pause, the others wait for that one's outcome.
    package mutating func mayAsk(at now: Int64) -> Bool {
        switch state {
        case .closed: return true
        case .open(let until):
            guard now >= until else { return false }
            state = .halfOpen(since: now)
            return true
        case .halfOpen(let since):
            // The one that was to find out may have been cancelled.
            guard now >= since &+ pause else { return false }
            state = .halfOpen(since: now)
            return true
        }
    }

    /// A request was answered: the breaker closes.
    package mutating func succeeded() {
        state = .closed(failures: 0)
    }

    /// A request failed: after enough in a row the breaker opens.
    package mutating func failed(at now: Int64) {
        switch state {
        case .closed(let failures):
            state = failures + 1 >= tolerated ? .open(until: now &+ pause) : .closed(failures: failures + 1)
        case .halfOpen: state = .open(until: now &+ pause)
        case .open: break
        }
    }
}
