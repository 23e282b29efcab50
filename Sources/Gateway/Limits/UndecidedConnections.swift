package import Contract
import Synchronization

/// Connections that have not sent their first request yet, counted together and by address: who opens many and says
/// nothing takes no place from others.
///
/// Owner of its state: one `Mutex`, held for one look-up. Bounded by the limit of them all.
package final class UndecidedConnections: Sendable {
    private struct State {
        var total = 0
        var byAddress: [IPAddress: Int] = [:]
    }

    private let limit: Int
    private let limitPerAddress: Int
    private let state = Mutex(State())

    package init(limit: Int, limitPerAddress: Int) {
        self.limit = limit
        self.limitPerAddress = limitPerAddress
    }

    /// Counts one more, unless there are too many already.
    ///
    /// - Parameter address: Nil counts among all only.
    package func enter(_ address: IPAddress?) -> Bool {
        state.withLock { state in
            guard state.total < limit else { return false }
            if let address {
                guard state.byAddress[address, default: 0] < limitPerAddress else { return false }
                state.byAddress[address, default: 0] += 1
            }
            state.total += 1
            return true
        }
    }

    /// One that was counted is decided or gone.
    package func leave(_ address: IPAddress?) {
        state.withLock { state in
            state.total -= 1
            guard let address, let count = state.byAddress[address] else { return }
            state.byAddress[address] = count > 1 ? count - 1 : nil
        }
    }
}
