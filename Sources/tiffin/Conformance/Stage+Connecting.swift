import Contract
import DriverClient

/// The lines about getting and keeping a connection.
extension Stage {
    func validToken() async throws -> String {
        let phone = try await open(a)
        defer { phone.socket.drop() }
        let confirmation = phone.inbox.texts.first.flatMap { try? JSON(parsing: $0) }?["type"]?.text
        try await pong(phone, of: a)
        return confirmation.map { "confirmed by \($0)" } ?? "accepted; the server sent no confirmation"
    }

    func invalidToken() async throws -> String {
        try await expectRefusal(path: "\(a.id)", token: "not-a-token", called: "a text that is no token")
        try await expectRefusal(path: "\(a.id)", token: nil, called: "no token")
        try await expectRefusal(path: "\(a.id)", token: Forgery.tampered(a.accessToken), called: "a changed token")
        return "4001 for no token, a text that is none, and a changed one"
    }

    /// Opens with a token that must not do and expects the upgrade to finish and the socket to close with 4001.
    func expectRefusal(path: String, token: String?, called name: String) async throws {
        let phone: Phone
        do {
            phone = try await attempt(path: path, token: token)
        } catch DriverClientError.refused(let status, _) {
            throw Fault("\(name): HTTP \(status) before the upgrade; a phone sees 1006 and tries the dead token again")
        }
        defer { phone.socket.drop() }
        guard let close = try await phone.inbox.close(within: plan.patience.close) else {
            throw Fault("\(name): the connection was left open")
        }
        guard close.code == 4001 else { throw Fault("\(name): \(close), not 4001") }
    }

    /// Sends the app's ping and expects exactly `{"type":"pong"}`.
    func pong(_ phone: Phone, of driver: SignedIn) async throws {
        phone.socket.send(#"{"type":"ping"}"#)
        guard let answer = try await phone.inbox.message("pong", within: plan.patience.close) else {
            let end = phone.inbox.close.map { " (\($0))" } ?? ""
            throw Fault("driver \(driver.id) got no pong\(end)")
        }
        guard case .object(let members) = answer, members.count == 1 else {
            throw Fault("the pong holds more than its type")
        }
    }

    func keepAlive() async throws -> String {
        let phone = try await open(a)
        defer { phone.socket.drop() }
        try await pong(phone, of: a)
        let watch = Stopwatch()
        let known = phone.inbox.pings
        // The app's own ping every few seconds keeps the server's idle limit away, however short it is set.
        while try await !phone.inbox.ping(after: known, within: .seconds(4)) {
            guard watch.elapsed < plan.patience.keepAlive else {
                throw Fault(
                    "no protocol ping for \(plan.patience.keepAlive.seconds) s; a load balancer cuts a silent server")
            }
            phone.socket.send(#"{"type":"ping"}"#)
        }
        try await pong(phone, of: a)
        return "pong, and a protocol ping after \(rounded(watch.seconds)) s"
    }

    func simultaneous() async throws -> String {
        let (first, second) = (try await open(a), try await open(b))
        defer {
            first.socket.drop()
            second.socket.drop()
        }
        try await pong(first, of: a)
        try await pong(second, of: b)
        if let close = first.inbox.close { throw Fault("driver \(a.id) was \(close) when \(b.id) connected") }
        return "drivers \(a.id) and \(b.id) both answered"
    }

    func duplicate() async throws -> String {
        let old = try await open(a)
        let new = try await open(a)
        defer { new.socket.drop() }
        guard let close = try await old.inbox.close(within: plan.patience.close) else {
            old.socket.drop()
            throw Fault("the first connection was left open")
        }
        guard close.code == 4003 else { throw Fault("the first connection was \(close), not 4003") }
        try await pong(new, of: a)
        return "the newer connection lives"
    }

    func certificate() async throws -> String {
        guard plan.address.isSecure else { throw Skipped(ConformanceRun.needsHTTPS) }
        let phone = try await open(a)
        defer { phone.socket.drop() }
        try await pong(phone, of: a)
        return "valid for \(plan.address.host)"
    }

    func rounded(_ seconds: Double) -> Double { (seconds * 10).rounded() / 10 }
}

/// Tokens that must not do.
enum Forgery {
    /// The token with one character of its signature changed. The last one may hold unused bits, so the first is taken.
    static func tampered(_ token: String) -> String {
        var parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let signature = parts.popLast(), let first = signature.first else { return token + "x" }
        return (parts + [(first == "A" ? "B" : "A") + signature.dropFirst()]).joined(separator: ".")
    }

    /// The token's own claims under the header `{"alg":"none","typ":"JWT"}`, unsigned.
    static func unsigned(_ token: String) -> String {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        return "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.\(parts.count > 1 ? parts[1] : "e30")."
    }
}

extension Duration {
    /// This duration in seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
