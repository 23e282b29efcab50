import DispatchCore
import Fulfilment
import HTTPTypes
import Identity

/// Decides from a request's token who asks, and whether he may.
struct Authority: Sendable {
    let house: House
    let verifier: TokenVerifier
    let epochs: EpochRegister
    /// Nil turns integrations off.
    let integrationKey: String?

    /// The bearer of the token in the `Authorization` field, when the route's access admits his role; nil on open
    /// routes.
    ///
    /// - Throws: ``TokenRejection`` (401), the problem of a wrong role (403), ``StoreError``.
    func admit(_ headers: HTTPFields, to access: Access) async throws -> Bearer? {
        switch access {
        case .open: return nil
        case .integration:
            try checkKey(headers[.apiKey])
            return nil
        case .driver, .admin, .either: break
        }
        let bearer = try verifier.verify(Self.token(in: headers), at: house.now().milliseconds).bearer
        try await checkStanding(of: bearer)
        switch (access, bearer.role) {
        case (.either, _), (.driver, .driver), (.admin, .admin): return bearer
        case (.driver, .admin), (.admin, .driver), (.open, _), (.integration, _): throw Problems.wrongRole
        }
    }

    /// While the register is fresh it answers from memory; otherwise the account itself is read, so that a database
    /// that is away never lets a dead token live on.
    private func checkStanding(of bearer: Bearer) async throws {
        switch epochs.check(bearer, at: house.now().milliseconds) {
        case .good: return
        case .refused(let rejection): throw rejection
        case .unknown:
            guard let standing = try await standing(of: bearer) else {
                throw TokenRejection(code: .revoked, cause: .subject)
            }
            try standing.judge(bearer)
        }
    }

    /// Compared as digests in constant time, so that neither length nor prefix of the right key can be guessed.
    private func checkKey(_ shown: String?) throws {
        guard let integrationKey else { throw Problems.integrationsOff }
        guard let shown, constantTimeEquals(sha256(Array(shown.utf8)), sha256(Array(integrationKey.utf8))) else {
            throw Problems.badKey
        }
    }

    private func standing(of bearer: Bearer) async throws -> Standing? {
        switch bearer.role {
        case .driver:
            try await house.accounts.driver(DriverID(bearer.id)).map {
                Standing(epoch: $0.tokenEpoch, isBlocked: $0.standing == .blocked)
            }
        case .admin:
            try await house.accounts.admin(AdminID(bearer.id)).map { Standing(epoch: $0.tokenEpoch, isBlocked: false) }
        }
    }

    private static func token(in headers: HTTPFields) -> String? {
        guard let field = headers[.authorization] else { return nil }
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1]).trimmingBlanks
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        var text = Substring(self)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
