package import Contract
import NIOCore
import Synchronization

/// Collects what one socket receives, for callers that ask "did it come within this time?".
///
/// Pass ``receive(_:)`` as a socket's `onEvent`. What counts is when an event was received, not when a caller that
/// shares a busy machine gets to look. Keeps the newest 4,096 texts; older ones are dropped.
package final class Inbox: Sendable {
    private struct State {
        var texts: [(text: String, at: NIODeadline)] = []
        var pings: [NIODeadline] = []
        var close: (close: SocketClose, at: NIODeadline)?
    }

    private static let limit = 4_096
    private let state = Mutex(State())

    package init() {}

    /// Takes one event; safe from any thread.
    package func receive(_ event: SocketEvent) {
        let now = NIODeadline.now()
        state.withLock { state in
            switch event {
            case .text(let text):
                state.texts.append((text, now))
                if state.texts.count > Self.limit { state.texts.removeFirst(Self.limit / 2) }
            case .ping: state.pings.append(now)
            case .closed(let close): state.close = (close, now)
            }
        }
    }

    /// How the socket ended; nil while it lives.
    package var close: SocketClose? { state.withLock { $0.close?.close } }
    /// Protocol pings of the server so far.
    package var pings: Int { state.withLock { $0.pings.count } }
    /// Texts so far that are still kept, oldest first.
    package var texts: [String] { state.withLock { $0.texts.map(\.text) } }

    /// Waits for a message that `wanted` accepts, also one that came before the call.
    ///
    /// Returns nil when the time is over or the socket has ended without such a message.
    package func message(within limit: Duration, where wanted: (JSON) -> Bool) async throws -> JSON? {
        try await wait(within: limit) { state, deadline in
            for (text, at) in state.texts where at <= deadline {
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
        try await wait(within: limit) { state, deadline in
            state.close.flatMap { $0.at <= deadline ? $0.close : nil }
        }
    }

    /// Waits for a protocol ping beyond the first `known`.
    package func ping(after known: Int, within limit: Duration) async throws -> Bool {
        try await wait(within: limit) { state, deadline in
            state.pings.dropFirst(known).first.flatMap { $0 <= deadline ? true : nil }
        } ?? false
    }

    private func wait<Found>(
        within limit: Duration, for find: (State, NIODeadline) -> Found?
    ) async throws -> Found? {
        let deadline = NIODeadline.now() + TimeAmount(limit)
        while true {
            let isLate = NIODeadline.now() > deadline
            let (found, hasEnded) = state.withLock { (find($0, deadline), $0.close != nil) }
            if found != nil || hasEnded || isLate { return found }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
