package import DriverClient

/// What to test, as whom, and how patiently.
package struct ConformancePlan: Sendable {
    package var address: ServerAddress
    package var trust: Trust
    package var admin: Credentials
    /// Driver A and driver B.
    package var drivers: (a: Credentials, b: Credentials)
    /// Where saved positions are looked up; nil asks the server's REST.
    package var database: String?
    /// The server's log file; nil skips that line.
    package var log: String?
    package var lines: [ConformanceLine]
    package var patience: Patience

    package init(
        address: ServerAddress, trust: Trust = .system, admin: Credentials, drivers: (a: Credentials, b: Credentials),
        database: String? = nil, log: String? = nil, lines: [ConformanceLine] = ConformanceLine.allCases,
        patience: Patience = Patience()
    ) {
        self.address = address
        self.trust = trust
        self.admin = admin
        self.drivers = drivers
        self.database = database
        self.log = log
        self.lines = lines
        self.patience = patience
    }
}

/// The time limits of a run.
package struct Patience: Sendable {
    /// How long "nothing comes" is watched.
    package var silence = Duration.milliseconds(1_500)
    /// An order event after the answer to its assignment.
    package var order = Duration.seconds(1)
    /// A close code after a refused token or a duplicate.
    package var close = Duration.seconds(2)
    /// A position in the database after it was sent.
    package var saved = Duration.seconds(2)
    /// The server's protocol ping on a silent connection.
    package var keepAlive = Duration.seconds(35)
    /// The longest idle timeout that is waited for; a longer one is skipped.
    package var idle = Duration.zero
    /// Connection attempts in a row until a limit must show.
    package var attempts = 80
    /// A limit's 1008 after the last of the attempts; a server may hold them first.
    package var limit = Duration.seconds(15)

    package init() {}
}
