import OSRM
import Synchronization

/// A server that is only a script: answers request by request, and moves a clock by hand.
final class ScriptedTransport: TableTransport {
    enum Reply: Sendable {
        case answer(Int, String)
        /// Fails after so many milliseconds, or when the time for it is up.
        case failure(after: Int64)
    }

    struct Failed: Error {}

    private struct State {
        var script: [Reply]
        var requests: [String] = []
        var timeouts: [Duration] = []
        var now: Int64 = 0
    }

    private let state: Mutex<State>

    init(_ script: [Reply]) {
        state = Mutex(State(script: script))
    }

    var requests: [String] { state.withLock { $0.requests } }
    var timeouts: [Duration] { state.withLock { $0.timeouts } }
    /// Milliseconds of the clock that the script moves.
    var now: Int64 { state.withLock { $0.now } }

    func advance(milliseconds: Int64) {
        state.withLock { $0.now += milliseconds }
    }

    func get(_ url: String, within timeout: Duration) async throws -> TableResponse {
        try state.withLock { state in
            state.requests.append(url)
            state.timeouts.append(timeout)
            guard !state.script.isEmpty else { throw Failed() }
            switch state.script.removeFirst() {
            case .answer(let status, let text): return TableResponse(status: status, body: Array(text.utf8))
            case .failure(let after):
                state.now += min(after, Int64(timeout / .milliseconds(1)))
                throw Failed()
            }
        }
    }
}
