import Contract
import DriverClient
import Foundation

/// The lines about safety and limits.
extension Stage {
    func everyConnection() async throws -> String {
        let path = "\(a.id)"
        try await expectRefusal(path: "\(b.id)", token: a.accessToken, called: "driver \(a.id)'s token for \(b.id)")
        try await expectRefusal(path: path, token: Forgery.unsigned(a.accessToken), called: "an unsigned token")
        try await expectRefusal(path: path, token: admin.accessToken, called: "an admin's token")
        if let refresh = a.refreshToken {
            try await expectRefusal(path: path, token: refresh, called: "a refresh token")
        }
        let answer = try await client.call(.get, "/api/v1/orders/assigned")
        guard answer.status == 401 else { throw Fault("REST without a token answers \(answer.status), not 401") }
        return "4001 for another driver's path, unsigned, admin's and refresh tokens; 401 in REST"
    }

    func badMessages() async throws -> String {
        let phone = try await open(a)
        let bad = [
            #"{"type":"#, "[1,2]", #"{"type":"no_such_type"}"#, #"{"type":"location_update"}"#,
            #"{"type":"location_update","data":{"latitude":91.5,"longitude":77.1}}"#,
            #"{"type":"location_update","data":{"latitude":"north","longitude":null}}"#,
        ]
        for text in bad {
            phone.socket.send(text)
            try await pong(phone, of: a)
        }
        phone.socket.close(code: 1000)
        guard let close = try await phone.inbox.close(within: plan.patience.close) else {
            phone.socket.drop()
            throw Fault("the driver's own close was not answered")
        }
        guard close.code == 1000 else { throw Fault("the driver's own close was answered so: \(close)") }
        return "\(bad.count) bad messages survived; a close with 1000 is answered with 1000"
    }

    func idle() async throws -> String {
        let phone = try await open(a)
        defer { phone.socket.drop() }
        let ack = try await phone.inbox.message("connection_ack", within: .zero)
        guard let timeout = ack?["data"]?["idle_timeout_s"]?.double else {
            throw Skipped("the server does not tell its idle timeout (connection_ack.idle_timeout_s)")
        }
        guard timeout <= plan.patience.idle.seconds else {
            throw Skipped("the timeout is \(Int(timeout)) s; --idle-wait \(Int(timeout) + 10) waits for it")
        }
        let watch = Stopwatch()
        guard let close = try await phone.inbox.close(within: .seconds(timeout * 1.2 + 2)) else {
            throw Fault("still open after \(rounded(watch.seconds)) s of silence")
        }
        guard watch.seconds > timeout * 0.8 else {
            throw Fault("\(close) after only \(rounded(watch.seconds)) s")
        }
        guard close.code == 1001 else { throw Fault("\(close), not 1001") }
        return "\(close) after \(rounded(watch.seconds)) s"
    }

    func events(_ log: LogWatch?) async throws -> String {
        guard let log else { throw Skipped("--log names the server's log file") }
        let phone = try await open(a)
        phone.socket.drop()
        await phone.socket.waitForEnd()
        try await Task.sleep(for: plan.patience.silence)
        guard let added = log.added else { throw Fault("cannot read \(log.path)") }
        guard added.contains("\(a.id)") else { throw Fault("nothing about driver \(a.id) was logged") }
        for token in [a.accessToken, b.accessToken, admin.accessToken] + [a, b, admin].compactMap(\.refreshToken) {
            let signature = token.split(separator: ".").last.map(String.init) ?? token
            if added.contains(signature) { throw Fault("a token stands in the log") }
        }
        return "\(added.utf8.count) bytes logged, no token in them"
    }

    func rateLimit() async throws -> String {
        var phones: [Phone] = []
        defer { for phone in phones { phone.socket.drop() } }
        for attempt in 1...plan.patience.attempts {
            do {
                phones.append(try await self.attempt(path: "\(b.id)", token: b.accessToken))
            } catch DriverClientError.refused(429, let retryAfter) {
                guard let retryAfter else { throw Fault("HTTP 429 without Retry-After") }
                return "HTTP 429 at attempt \(attempt), Retry-After \(retryAfter) s"
            }
            if phones.contains(where: { $0.inbox.close?.code == 1008 }) { return "1008 at attempt \(attempt)" }
        }
        // A server may accept, hold the newcomer for a while to slow his loop, and only then close.
        let watch = Stopwatch()
        while watch.elapsed < plan.patience.limit {
            if phones.contains(where: { $0.inbox.close?.code == 1008 }) {
                return "1008, \(rounded(watch.seconds)) s after \(plan.patience.attempts) attempts"
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Fault("\(plan.patience.attempts) connections of one driver in a row, and no limit showed")
    }
}

/// What a log file has gained since the run began.
struct LogWatch: Sendable {
    let path: String
    private let start: Int

    init(path: String) {
        self.path = path
        start = FileManager.default.contents(atPath: path)?.count ?? 0
    }

    /// The text added since; nil when the file cannot be read.
    var added: String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0.dropFirst(start), as: UTF8.self) }
    }
}
