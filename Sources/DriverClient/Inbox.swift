package import Contract
import Synchronization

/// Collects what one socket receives, for callers that ask "did it come within this time?".
///
/// Pass ``receive(_:)`` as a socket's `onEvent`. Keeps the newest 4,096 events; older ones are dropped and counted.
package final class Inbox: Sendable {
    private struct State {
        var texts: [String] = []
        var taken = 0
        var pings = 0
        var dropped = 0
        var close: SocketClose?
    }

    private static let limit = 4_096
    private let state = Mutex(State())

    package init() {}

    /// Takes one event; safe from any thread.
    package func receive(_ event: SocketEvent) {
        state.withLock { state in
            switch event {
            case .text(let text):
                state.texts.append(text)
                if state.texts.count > Self.limit {
                    state.texts.removeFirst(Self.limit / 2)
                    state.dropped += Self.limit / 2
                }
            case .ping: state.pings += 1
            case .closed(let close): state.close = close
            }
        }
    }

    /// How the socket ended; nil while it lives.
    package var close: SocketClose? { state.withLock { $0.close } }
    /// Protocol pings of the server so far.
    package var pings: Int { state.withLock { $0.pings } }
    /// Texts so far that are still kept, oldest first.
    package var texts: [String] { state.withLock { $0.texts } }

    /// Waits for a message that `wanted` accepts, also one that came before the call.
    ///
    /// Looks every 2 ms, so a time measured around it is that coarse. Returns nil when the time is over or the socket has
    /// ended without such a message.
    package func message(within limit: Duration, where wanted: (JSON) -> Bool) async throws -> JSON? {
        try await wait(within: limit) { state in
            for text in state.texts {
                if let json = try? JSON(parsing: text), wanted(json) { return json }
            }
            return nil
        }
    }

    /// Waits for a message of a type, such as `pong`.
    package func message(_ type: String, within limit: Duration) async throws -> JSON? {
        try await message(within: limit) { $0["type"]?.text == type }
    }

    /// Waits for the end of the socket.
    package func close(within limit: Duration) async throws -> SocketClose? {
        try await wait(within: limit) { $0.close }
    }

    /// Waits for a protocol ping beyond the first `known`.
    package func ping(after known: Int, within limit: Duration) async throws -> Bool {
        try await wait(within: limit) { $0.pings > known ? true : nil } ?? false
    }

    private func wait<Found>(within limit: Duration, for find: (State) -> Found?) async throws -> Found? {
        let step = Duration.milliseconds(2)
        var left = limit
        while true {
            let (found, ended) = state.withLock { (find($0), $0.close != nil) }
            if found != nil || ended || left <= .zero { return found }
            try await Task.sleep(for: step)
            left -= step
        }
    }
}
