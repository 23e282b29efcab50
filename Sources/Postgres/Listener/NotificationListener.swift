/// Hears `NOTIFY` on a connection and a thread of its own.
///
/// A notification is a hint: it is lost while the link is down and, when the reader is slow, the oldest are dropped.
/// After each connection, the first and every later one, `connected` is delivered, upon which a reader looks at the
/// tables themselves. A silent link is probed every second, because a dropped one looks exactly like a quiet one.
package final class NotificationListener: Sendable {
    package enum Event: Sendable, Equatable {
        /// Listening (again): everything before may have been missed.
        case connected
        case notification(channel: String, payload: String)
    }

    /// What is heard, in order. For one reader.
    package let events: AsyncStream<Event>
    private let loop: ListenerLoop

    /// Starts listening.
    ///
    /// - Parameters:
    ///   - channels: names, used exactly as written.
    ///   - bufferLimit: events kept for a slow reader; the newest stay.
    ///   - generator: draws the jitter of reconnects.
    package init(
        target: ConnectionTarget, channels: [String], bufferLimit: Int = 1024,
        generator: any RandomNumberGenerator & Sendable
    ) throws(PostgresError) {
        let (events, continuation) = AsyncStream<Event>.makeStream(bufferingPolicy: .bufferingNewest(bufferLimit))
        self.events = events
        let loop = ListenerLoop(
            target: target, channels: channels, continuation: continuation, generator: generator)
        self.loop = loop
        guard OSThread.start({ loop.run() }) else {
            throw PostgresError(.misuse, "the process cannot start another thread")
        }
    }

    deinit { loop.stop() }

    /// Ends the stream and closes the connection.
    package func stop() { loop.stop() }
}
