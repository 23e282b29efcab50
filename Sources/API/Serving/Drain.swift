import Synchronization

/// Whether the server is on its way out and refuses new requests.
package final class Drain: Sendable {
    private let draining = Mutex(false)

    package init() {}

    /// From now on every request but health and metrics is answered with 503.
    package func begin() {
        draining.withLock { $0 = true }
    }

    package var hasBegun: Bool { draining.withLock { $0 } }
}
