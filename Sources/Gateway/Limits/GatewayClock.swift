package import DispatchCore

/// One reading of both clocks: intervals are measured on `uptime`, which no operator can turn back; tokens expire and
/// messages are stamped by `wall`.
package struct Moment: Sendable, Equatable {
    /// Milliseconds on a clock that never jumps; its zero means nothing.
    package var uptime: Int64
    package var wall: Timestamp

    package init(uptime: Int64, wall: Timestamp) {
        self.uptime = uptime
        self.wall = wall
    }
}

/// The clocks, handed in: real ones by `App`, manual ones by tests.
package struct GatewayClock: Sendable {
    package let read: @Sendable () -> Moment
    /// Waits on the monotonic clock; ends early when the caller is cancelled.
    package let sleep: @Sendable (_ milliseconds: Int64) async throws -> Void

    package init(
        read: @escaping @Sendable () -> Moment, sleep: @escaping @Sendable (_ milliseconds: Int64) async throws -> Void
    ) {
        self.read = read
        self.sleep = sleep
    }
}
