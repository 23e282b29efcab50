import Contract
import Fulfilment
import HTTPTypes
import Synchronization

/// Answers to requests that came with an `Idempotency-Key`, for calls whose effect the store cannot tie to the key
/// itself.
///
/// Orders and assignments do not need it: their key is written in the transaction of the change. For accounts,
/// restaurants and pay-outs the store's own rules (a phone is unique, a row is paid once) keep the effect single; this
/// memory gives a client that lost the answer the same answer again, on this server, until it is restarted or 10,000
/// newer keys came.
///
/// Owner of its state: one `Mutex`, held for one look-up.
final class RepeatMemory: Sendable {
    private enum Entry {
        case running(hash: String)
        case done(hash: String, reply: Reply)
    }

    private struct Slot: Hashable {
        let principal: Principal
        let key: String
    }

    private struct State {
        var entries: [Slot: Entry] = [:]
        /// Oldest first.
        var order: [Slot] = []
    }

    private static let capacity = 10_000

    private let state = Mutex(State())

    init() {}

    /// Carries out `work` once per key; a repeat gets the first answer.
    ///
    /// - Throws: 422 for the same key with another request, 409 while the first is still running, and whatever `work`
    ///   throws, in which case the key is free again.
    func once(_ exchange: Exchange, _ work: () async throws -> Reply) async throws -> Reply {
        guard let key = try exchange.idempotencyKey() else { return try await work() }
        let slot = Slot(principal: key.principal, key: key.key)
        if let reply = try claim(slot, hash: key.requestHash) { return reply }
        do {
            let reply = try await work()
            state.withLock { $0.entries[slot] = .done(hash: key.requestHash, reply: reply) }
            return reply
        } catch {
            state.withLock { state in
                state.entries[slot] = nil
                state.order.removeAll { $0 == slot }
            }
            throw error
        }
    }

    /// The answer kept for the key, or nil when the caller is the first and has to do the work.
    private func claim(_ slot: Slot, hash: String) throws -> Reply? {
        try state.withLock { state in
            switch state.entries[slot] {
            case .done(let known, let reply):
                guard known == hash else { throw StoreError(.keyReused, detail: "the key came with another request") }
                return reply
            case .running(let known):
                guard known == hash else { throw StoreError(.keyReused, detail: "the key came with another request") }
                throw Problem(
                    status: 409, code: "request_running", title: "Still running",
                    detail: "The first request with this Idempotency-Key has not ended yet.")
            case nil:
                state.entries[slot] = .running(hash: hash)
                state.order.append(slot)
                if state.order.count > Self.capacity {
                    state.entries[state.order.removeFirst()] = nil
                }
                return nil
            }
        }
    }
}
