import Synchronization

/// "Look now": coalesces any number of wishes for a round into one wake-up of the dispatcher.
package final class RoundSignal: Sendable {
    /// How soon a round is wanted; the sooner wins.
    package enum Wish: Int, Comparable, Sendable {
        /// A driver has made a stop: there may be room for more now. Rounds of this kind keep a distance, because in a
        /// busy city somebody makes one at every moment.
        case inPassing = -1
        /// More of the same is to be expected: a driver's phone gives the orders of a batch back one by one.
        case whenComplete = 0
        case atOnce
        /// An admin asked: also where the engine gives nothing on its own.
        case byHand

        package static func < (left: Wish, right: Wish) -> Bool { left.rawValue < right.rawValue }
    }

    private struct State {
        var raised: Wish?
        var waiter: CheckedContinuation<Wish, Never>?
        var changes = 0
        var holdsPassing = false
        var isStandingBy = false
    }

    private let state = Mutex(State())
    private let relay: @Sendable (Wish) -> Void

    /// - Parameter relay: Told of wishes while another server is the one to grant them.
    package init(relay: @escaping @Sendable (Wish) -> Void = { _ in }) {
        self.relay = relay
    }

    /// Whether another server holds the dispatcher's lease, so that a wish here makes no round.
    package var isStandingBy: Bool {
        get { state.withLock { $0.isStandingBy } }
        set { state.withLock { $0.isStandingBy = newValue } }
    }

    /// Asks for a round soon. Returns at once; wishes while one is pending are one wish.
    package func raise(_ wish: Wish = .atOnce) {
        if isStandingBy { relay(wish) }
        wake(wish)
    }

    private func wake(_ wish: Wish) {
        let waiter = state.withLock { state -> CheckedContinuation<Wish, Never>? in
            let isHeld = wish == .inPassing && state.holdsPassing
            guard let waiter = state.waiter, !isHeld else {
                state.raised = max(state.raised ?? wish, wish)
                return nil
            }
            // What was held is granted with this one.
            state.raised = nil
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: wish)
    }

    /// From now on a wish in passing waits until ``grantPassing()``, or for a stronger one.
    package func holdPassing() {
        state.withLock { $0.holdsPassing = true }
    }

    /// Wishes in passing are like others from now on.
    package func grantPassing() {
        let waiter = state.withLock { state -> CheckedContinuation<Wish, Never>? in
            state.holdsPassing = false
            guard state.raised == .inPassing, let waiter = state.waiter else { return nil }
            state.raised = nil
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: .inPassing)
    }

    /// A round begins that grants what was wished for in passing.
    package func dropPassing() {
        state.withLock { state in
            if state.raised == .inPassing { state.raised = nil }
        }
    }

    /// The wish since the last look, nil when there is none; it is granted with this answer.
    package func take() -> Wish? {
        state.withLock { state in
            defer { state.raised = nil }
            return state.raised
        }
    }

    /// Whether a change is under way that will end in a wish.
    package var hasChangesUnderWay: Bool { state.withLock { $0.changes > 0 } }

    /// Runs a change that will end in a wish, so that the round it belongs to can wait for it.
    package func expecting<Value>(_ change: () async throws -> Value) async rethrows -> Value {
        state.withLock { $0.changes += 1 }
        defer { state.withLock { $0.changes -= 1 } }
        return try await change()
    }

    /// Returns when a round was asked for since the last return, or the surrounding task is cancelled. One waiter at a
    /// time.
    @discardableResult
    package func wait() async -> Wish {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let raised = state.withLock { state -> Wish? in
                    let isHeld = state.raised == .inPassing && state.holdsPassing && !Task.isCancelled
                    if !isHeld, let raised = state.raised ?? (Task.isCancelled ? .atOnce : nil) {
                        state.raised = nil
                        return raised
                    }
                    precondition(state.waiter == nil, "two tasks wait for one round signal")
                    state.waiter = continuation
                    return nil
                }
                if let raised { continuation.resume(returning: raised) }
            }
        } onCancel: {
            wake(.atOnce)
        }
    }
}
