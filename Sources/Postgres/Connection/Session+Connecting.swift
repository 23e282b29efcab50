import CLibPQ
import Glibc

/// Where and how to connect.
package struct ConnectionTarget: Sendable {
    /// A `postgres://` URL or a keyword string as libpq reads them. Holds a password: never printed.
    let connectionString: String
    /// Shown in `pg_stat_activity`.
    let applicationName: String

    package init(connectionString: String, applicationName: String) {
        self.connectionString = connectionString
        self.applicationName = applicationName
    }

    /// A vanished peer is noticed by the kernel after about 4 s. Keepalives cover a quiet link, the user timeout one
    /// with unacknowledged data; neither covers a server that has stopped, for which there are our own deadlines.
    fileprivate var parameters: [(String, String)] {
        [
            ("dbname", connectionString), ("fallback_application_name", applicationName), ("client_encoding", "UTF8"),
            ("keepalives", "1"), ("keepalives_idle", "2"), ("keepalives_interval", "1"), ("keepalives_count", "2"),
            ("tcp_user_timeout", "4000"),
        ]
    }
}

extension Session {
    /// Run once in a new session. The server looks every second whether we are still there while it works for us, and
    /// ends a transaction in which we have fallen silent. Settings that an older server lacks are skipped.
    private static let settings = """
        SELECT set_config(w.name, w.value, false) FROM (VALUES ('client_connection_check_interval', '1s'), \
        ('idle_in_transaction_session_timeout', '5s'), ('timezone', 'UTC'), ('datestyle', 'ISO')) AS w(name, value) \
        JOIN pg_catalog.pg_settings s ON lower(s.name) = w.name
        """

    /// Connects and prepares the session's settings.
    ///
    /// The look-up of a host name is libpq's and blocks this thread alone.
    static func connected(
        to target: ConnectionTarget, until deadline: MonotonicTime
    ) throws(PostgresError) -> Session {
        guard let handle = startConnection(to: target) else {
            throw PostgresError(.unavailable, "out of memory while connecting", nothingWasSent: true)
        }
        var session = Session(handle: handle)
        guard PQstatus(handle) != CONNECTION_BAD else { throw session.connectionFailure() }
        _ = PQsetNoticeProcessor(handle, { _, _ in }, nil)
        var next = PGRES_POLLING_WRITING
        while next != PGRES_POLLING_OK {
            do throws(PostgresError) {
                try session.wait(for: next == PGRES_POLLING_READING ? POLLIN : POLLOUT, until: deadline)
            } catch {
                throw PostgresError(
                    .unavailable, "the database did not answer the connection within the deadline", nothingWasSent: true
                )
            }
            next = PQconnectPoll(handle)
            if next == PGRES_POLLING_FAILED { throw session.connectionFailure() }
        }
        PQsetnonblocking(handle, 1)
        do throws(PostgresError) {
            try session.script(settings, until: deadline)
        } catch {
            throw error.with(code: error.code == .deadlineExceeded ? .unavailable : error.code, nothingWasSent: true)
        }
        return session
    }

    private static func startConnection(to target: ConnectionTarget) -> OpaquePointer? {
        let parameters = target.parameters
        let keys = parameters.map { strdup($0.0) }
        let values = parameters.map { strdup($0.1) }
        defer { for text in keys + values { free(text) } }
        let keyPointers = keys.map { UnsafePointer($0) } + [nil]
        let valuePointers = values.map { UnsafePointer($0) } + [nil]
        return PQconnectStartParams(keyPointers, valuePointers, 1)
    }

    /// Turns libpq's sentence into an error without repeating the connection string, of which it may quote a part.
    private borrowing func connectionFailure() -> PostgresError {
        let sentence = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
        let first = sentence.split(separator: "\n").first.map(String.init) ?? "no reason given"
        // The marker libpq puts before what a host or the server said; all other sentences are about our own string.
        guard first.hasPrefix("connection to server") else {
            return PostgresError(.misuse, "the database URL cannot be used", nothingWasSent: true)
        }
        let refusals = [
            "password authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied",
            "Peer authentication failed", "not permitted to log in",
        ]
        // A missing socket file also "does not exist" in some locales' wording; only FATAL comes from a server.
        let isFinal = first.contains("FATAL") && refusals.contains { first.contains($0) }
        return PostgresError(isFinal ? .misuse : .unavailable, first, nothingWasSent: true)
    }
}
