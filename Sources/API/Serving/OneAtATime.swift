import Synchronization

/// Lets one in; the next few wait their turn, in their order, and the others are turned away.
///
/// Owner of its state: one `Mutex`, held for one arrival or one departure.
final class OneAtATime: Sendable {
    private struct State {
        var isTaken = false
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private let mostWaiting: Int
    private let state = Mutex(State())

    init(mostWaiting: Int) {
        self.mostWaiting = mostWaiting
    }

    /// Returns true when it is the caller's turn, who must then call ``end()``; false when too many wait already.
    func begin() async -> Bool {
        await withCheckedContinuation { turn in
            let answer = state.withLock { state -> Bool? in
                if !state.isTaken {
                    state.isTaken = true
                    return true
                }
                if state.waiting.count >= mostWaiting { return false }
                state.waiting.append(turn)
                return nil
            }
            if let answer { turn.resume(returning: answer) }
        }
    }

    func end() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.waiting.isEmpty else {
                state.isTaken = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: true)
    }
}
