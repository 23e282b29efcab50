import CLibPQ
import Glibc

/// A session with the server: one libpq connection, owned by one thread, driven without blocking.
///
/// Every wait is a `poll` with the caller's deadline, so that a server that has stopped, a link that drops packets
/// and a lock that never comes free all end in the same way. After a failure of the link or a missed deadline the
/// session is `isBroken` and must be thrown away: what the server thinks of it is not known.
struct Session: ~Copyable {
    let handle: OpaquePointer
    /// Names of the statements prepared in this session, by their text.
    var prepared: [String: String] = [:]
    var isBroken = false

    /// Statements beyond this number are sent unprepared, which bounds the server's memory per connection.
    static let preparedLimit = 256

    init(handle: OpaquePointer) {
        self.handle = handle
    }

    deinit { PQfinish(handle) }

    /// Whether a transaction is open on this session.
    var isInTransaction: Bool { PQtransactionStatus(handle) != PQTRANS_IDLE }

    /// Whether this idle session looks usable. One system call.
    ///
    /// Anything that arrived unasked ends it: nearly always it is the server's farewell (shutdown, terminated, timed
    /// out), of which the end of the connection may still be on its way. The rare notice costs a reconnection.
    func isQuiet() -> Bool {
        if isBroken || PQstatus(handle) != CONNECTION_OK { return false }
        var entry = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) <= 0
    }

    /// Waits until the socket is ready for one of `events`.
    func wait(for events: Int32, until deadline: MonotonicTime) throws(PostgresError) {
        while true {
            var entry = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
            let ready = poll(&entry, 1, deadline.pollTimeout(from: .read()))
            if ready > 0 { return }
            if ready < 0 && errno != EINTR { throw lost() }
            if ready == 0 && deadline <= .read() {
                throw PostgresError(.deadlineExceeded, "the database did not answer within the deadline")
            }
        }
    }

    /// Sends what is buffered. Reads meanwhile, because a server that cannot write may stop reading.
    func flush(until deadline: MonotonicTime) throws(PostgresError) {
        while true {
            switch PQflush(handle) {
            case 0: return
            case 1:
                try wait(for: POLLIN | POLLOUT, until: deadline)
                if PQconsumeInput(handle) == 0 { throw lost() }
            default: throw lost()
            }
        }
    }

    /// The next result, or `nil` at the end of a statement's results.
    func nextResult(until deadline: MonotonicTime) throws(PostgresError) -> OpaquePointer? {
        while PQisBusy(handle) == 1 {
            try wait(for: POLLIN, until: deadline)
            if PQconsumeInput(handle) == 0 { throw lost() }
        }
        return PQgetResult(handle)
    }

    func lost() -> PostgresError {
        PostgresError(.connectionLost, "the connection to the database was lost")
    }

    /// What the canceller needs to ask the server to stop the running statement.
    func cancellation() -> Cancellation? {
        PQgetCancel(handle).map(Cancellation.init)
    }
}
