/// The lines of the report: the integration checklist first, then the security list and what both imply.
package enum ConformanceLine: String, CaseIterable, Sendable {
    case validToken = "WebSocket connection accepts valid JWT"
    case invalidToken = "Invalid token returns close code 4001"
    case savedPositions = "Location updates are saved to database"
    case promptOrder = "New order event reaches mobile app within 1 second"
    case keepAlive = "Ping/pong keeps connection alive through load balancer"
    case reconnection = "Reconnection works after network disconnect"
    case certificate = "SSL certificate works (wss:// in production)"
    case simultaneous = "Multiple drivers can connect simultaneously"
    case onlyOwnOrders = "Driver A receives only their orders (not B's orders)"
    case everyConnection = "Token is verified on every connection, for its own driver"
    case duplicate = "A second connection of a driver closes the first with 4003"
    case cancellation = "A cancelled order reaches its driver"
    case badMessages = "A bad message is refused and the connection stays"
    case idle = "A silent connection is closed after the idle timeout"
    case events = "Connection events are logged, without tokens"
    case rateLimit = "Connection attempts are rate limited"

    /// Whether the line stands on the nine-line testing checklist.
    package var isChecklist: Bool { Self.checklist.contains(self) }

    private static let checklist: Set<ConformanceLine> = [
        .validToken, .invalidToken, .savedPositions, .promptOrder, .keepAlive, .reconnection, .certificate,
        .simultaneous, .onlyOwnOrders,
    ]
}

/// What became of one line. The text says what was seen, or what would be needed.
package enum Verdict: Equatable, Sendable {
    case pass(String)
    case fail(String)
    case skip(String)

    /// The first word of the line in the report.
    package var word: String {
        switch self {
        case .pass: "PASS"
        case .fail: "FAIL"
        case .skip: "SKIP"
        }
    }

    /// What was seen.
    package var detail: String {
        switch self {
        case .pass(let text), .fail(let text), .skip(let text): text
        }
    }
}

/// A line that failed, told by what was seen instead.
struct Fault: Error {
    let seen: String
    init(_ seen: String) { self.seen = seen }
}

/// A line that cannot be judged, told by what is missing.
struct Skipped: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

/// All verdicts of a run, in the order of the lines.
package struct ConformanceReport: Sendable {
    package let verdicts: [(line: ConformanceLine, verdict: Verdict)]

    /// True when no line failed.
    package var isConforming: Bool { !verdicts.contains { $0.verdict.word == "FAIL" } }

    /// The verdict on one line; nil when it was not asked for.
    package subscript(line: ConformanceLine) -> Verdict? { verdicts.first { $0.line == line }?.verdict }

    /// The last line that a person reads.
    package var summary: String {
        let checklist = verdicts.filter { $0.line.isChecklist }
        let further = verdicts.filter { !$0.line.isChecklist }
        return "checklist \(Self.tally(checklist))   further \(Self.tally(further))"
    }

    private static func tally(_ verdicts: [(line: ConformanceLine, verdict: Verdict)]) -> String {
        let passed = verdicts.count { $0.verdict.word == "PASS" }
        let skipped = verdicts.count { $0.verdict.word == "SKIP" }
        return "\(passed) of \(verdicts.count)" + (skipped > 0 ? " (\(skipped) skipped)" : "")
    }
}
