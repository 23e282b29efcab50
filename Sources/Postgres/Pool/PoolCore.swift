import CoreMetrics
import Synchronization

/// Carries out what the `PoolMachine` decides: threads, continuations and the clock live here.
final class PoolCore: Sendable {
    typealias Grant = Result<Int, PostgresError>

    private struct State {
        var machine: PoolMachine
        var continuations: [PoolMachine.WaiterID: CheckedContinuation<Grant, Never>] = [:]
        var drain: [CheckedContinuation<Void, Never>] = []
        var isDrained = false
        var nextWaiter: PoolMachine.WaiterID = 0
        var generator: any RandomNumberGenerator & Sendable
        /// When the keeper wakes by itself; it is woken only for something earlier.
        var keeperWakes = MonotonicTime.never

        /// Whether the keeper must look again earlier than it had planned.
        mutating func wakesKeeper() -> Bool {
            let next = machine.nextTick
            guard next < keeperWakes else { return false }
            keeperWakes = next
            return true
        }
    }

    let threads: [SessionThread]
    let canceller: Canceller
    let target: ConnectionTarget
    private let connectTimeout: Duration
    private let state: Mutex<State>
    private let keeperSignal = WakeSignal()

    init(
        configuration: ConnectionPool.Configuration, generator: any RandomNumberGenerator & Sendable
    ) throws(PostgresError) {
        target = configuration.target
        connectTimeout = configuration.connectTimeout
        canceller = Canceller()
        var threads: [SessionThread] = []
        for _ in 0..<configuration.connections {
            guard let thread = SessionThread.started() else {
                for thread in threads { thread.stop() }
                throw PostgresError(.misuse, "the process cannot start another thread")
            }
            threads.append(thread)
        }
        self.threads = threads
        state = Mutex(
            State(
                machine: PoolMachine(
                    slots: configuration.connections, waiterLimit: configuration.waiterLimit,
                    backoff: .init(first: .milliseconds(100), longest: .seconds(5))),
                generator: generator))
        let canceller = canceller
        guard canceller.start(), OSThread.start({ self.keep() }) else {
            throw PostgresError(.misuse, "the process cannot start another thread")
        }
    }

    /// A connection to use until `giveBack`. At once when one is idle, without suspending.
    func lease(until deadline: MonotonicTime) async -> Grant {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                request(id, until: deadline, continuation)
            }
        } onCancel: {
            withdraw(id)
        }
    }

    private func request(
        _ id: PoolMachine.WaiterID, until deadline: MonotonicTime, _ continuation: CheckedContinuation<Grant, Never>
    ) {
        let (answer, actions, wakesKeeper) = state.withLock { state in
            // The cancel handler runs before or after this section. Before: the flag is set. After: it finds the
            // waiter.
            if Task.isCancelled {
                return (PoolMachine.Answer.refuse(.closed, "cancelled"), [PoolMachine.Action](), false)
            }
            let (answer, actions) = state.machine.requested(id, deadline: deadline, now: .read())
            if answer == .wait { state.continuations[id] = continuation }
            return (answer, actions, state.wakesKeeper())
        }
        switch answer {
        case .lease(let slot): continuation.resume(returning: .success(slot))
        case .refuse(let code, let message):
            continuation.resume(returning: .failure(PostgresError(code, message, nothingWasSent: true)))
        case .wait: break
        }
        perform(actions)
        if wakesKeeper { keeperSignal.raise() }
    }

    private func withdraw(_ id: PoolMachine.WaiterID) {
        let continuation = state.withLock { state in
            state.machine.withdrew(id) ? state.continuations.removeValue(forKey: id) : nil
        }
        continuation?.resume(returning: .failure(PostgresError(.closed, "cancelled", nothingWasSent: true)))
    }

    func giveBack(_ slot: Int) {
        let isConnected = threads[slot].isConnected.load(ordering: .acquiring)
        perform(state.withLock { $0.machine.returned(slot: slot, isConnected: isConnected, now: .read()) })
    }

    private func perform(_ actions: [PoolMachine.Action]) {
        for action in actions {
            switch action {
            case .grant(let waiter, let slot): resume(waiter, .success(slot))
            case .refuse(let waiter, let code, let message):
                resume(waiter, .failure(PostgresError(code, message, nothingWasSent: true)))
            case .connect(let slot): connect(slot)
            case .drained: finishDrain()
            }
        }
    }

    private func resume(_ waiter: PoolMachine.WaiterID, _ grant: Grant) {
        let continuation = state.withLock { $0.continuations.removeValue(forKey: waiter) }
        continuation?.resume(returning: grant)
    }

    private func connect(_ slot: Int) {
        let thread = threads[slot]
        _ = thread.submit { [self] session in
            session = nil
            thread.isConnected.store(false, ordering: .releasing)
            do throws(PostgresError) {
                session = try Session.connected(to: target, until: MonotonicTime.read().advanced(by: connectTimeout))
                thread.isConnected.store(true, ordering: .releasing)
                perform(state.withLock { $0.machine.connected(slot: slot) })
            } catch {
                let (actions, wakesKeeper) = state.withLock { state in
                    let jitter = Double.random(in: 0..<1, using: &state.generator)
                    let actions = state.machine.failedToConnect(
                        slot: slot, reason: error.message, isFinal: error.code == .misuse, jitter: jitter, now: .read())
                    return (actions, state.wakesKeeper())
                }
                Counter(label: "postgres_connect_failures_total").increment()
                perform(actions)
                if wakesKeeper { keeperSignal.raise() }
            }
        }
    }

    /// The keeper's thread: refuses late waiters and starts connections that have rested.
    private func keep() {
        while true {
            let (actions, next, ends) = state.withLock { state in
                let actions = state.machine.ticked(now: .read())
                state.keeperWakes = state.machine.nextTick
                return (actions, state.keeperWakes, state.isDrained)
            }
            perform(actions)
            if ends { return }
            keeperSignal.wait(until: next)
        }
    }

    /// Refuses new leases, waits for those that are out (each ends by its deadline), then closes every connection.
    func close() async {
        await withCheckedContinuation { continuation in
            let actions: [PoolMachine.Action]? = state.withLock { state in
                if state.isDrained { return nil }
                state.drain.append(continuation)
                return state.machine.close()
            }
            if let actions { perform(actions) } else { continuation.resume() }
        }
    }

    private func finishDrain() {
        let waiting = state.withLock { state in
            state.isDrained = true
            defer { state.drain.removeAll() }
            return state.drain
        }
        stop()
        for continuation in waiting { continuation.resume() }
    }

    /// Ends the threads; what is queued on them is finished first.
    func stop() {
        state.withLock { $0.isDrained = true }
        for thread in threads { thread.stop() }
        canceller.stop()
        keeperSignal.raise()
    }

    /// A number in 0..<1 from the generator that the pool was given.
    func drawJitter() -> Double {
        state.withLock { Double.random(in: 0..<1, using: &$0.generator) }
    }

    var snapshot: ConnectionPool.Snapshot {
        state.withLock { state in
            ConnectionPool.Snapshot(
                connections: state.machine.slots.count, idle: state.machine.idleCount,
                leased: state.machine.leasedCount,
                waiting: state.machine.waitingCount, lastConnectFailure: state.machine.failure)
        }
    }
}
