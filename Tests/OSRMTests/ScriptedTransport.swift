import OSRM
import Synchronization

/// A server that is only a script: answers request by request, and moves a clock by hand.
final class ScriptedTransport: TableTransport {
    enum Reply: Sendable {
        case answer(Int, String)
        /// Answers well after so many milliseconds.
        case late(Int64, String)
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
            case .late(let after, let text):
                state.now += after
                return TableResponse(status: 200, body: Array(text.utf8))
            case .failure(let after):
                state.now += min(after, Int64(timeout / .milliseconds(1)))
                throw Failed()
            }
        }
    }
}

/// A server that knows no road east of 90 degrees and answers as OSRM does: it names the first such place.
final class RoadlessServer: TableTransport {
    private let asked = Mutex(0)
    var count: Int { asked.withLock { $0 } }

    func get(_ url: String, within timeout: Duration) async throws -> TableResponse {
        asked.withLock { $0 += 1 }
        let parts = url.split(separator: "?")
        let places = parts[0].split(separator: "/").last?.split(separator: ";") ?? []
        let longitudes = places.compactMap { $0.split(separator: ",").first.flatMap { Double($0) } }
        if let sea = longitudes.firstIndex(where: { $0 > 90 }) {
            let text = #"{"code":"NoSegment","message":"Could not find a matching segment for coordinate \#(sea)"}"#
            return TableResponse(status: 400, body: Array(text.utf8))
        }
        let sources = parts[1].split(separator: "&")[0].split(separator: ";").count
        let row = "[" + (0..<(places.count - sources)).map { _ in "9000" }.joined(separator: ",") + "]"
        let matrix = "[" + (0..<sources).map { _ in row }.joined(separator: ",") + "]"
        let distances = matrix.replacing("9000", with: "90000")
        return TableResponse(
            status: 200,
            body: Array("{\"code\":\"Ok\",\"durations\":\(matrix),\"distances\":\(distances)}".utf8))
    }
}
