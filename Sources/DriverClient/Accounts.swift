import Contract

/// Who logs in and with what.
package struct Credentials: Hashable, Sendable {
    package let identity: String
    package let password: String

    package init(identity: String, password: String) {
        self.identity = identity
        self.password = password
    }

    /// Reads `identity:password`; the password may hold colons.
    package init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else { return nil }
        self.init(identity: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
    }
}

/// What a log-in gave.
package struct SignedIn: Sendable {
    /// The driver's or the admin's id.
    package let id: Int64
    package let accessToken: String
    package let refreshToken: String?
}

extension WireClient {
    /// Logs a driver in at `/api/v1/auth/login`.
    package func signIn(driver: Credentials) async throws -> SignedIn {
        let answer = try await send(.post, "/api/v1/auth/login") { writer in
            writer.field("identity", driver.identity)
            writer.field("password", driver.password)
        }
        return try signedIn(answer, id: answer["driver_id"] ?? answer["driver"]?["id"])
    }

    /// Logs an admin in at `/api/v1/auth/admin/login`.
    package func signIn(admin: Credentials) async throws -> SignedIn {
        let answer = try await send(.post, "/api/v1/auth/admin/login") { writer in
            writer.field("email", admin.identity)
            writer.field("password", admin.password)
        }
        return try signedIn(answer, id: answer["admin"]?["id"])
    }

    /// Trades a refresh token for a new pair.
    package func refresh(_ token: String) async throws -> SignedIn {
        let answer = try await send(.post, "/api/v1/auth/refresh") { writer in
            writer.field("refresh_token", token)
        }
        return try signedIn(answer, id: answer["driver_id"] ?? answer["driver"]?["id"] ?? answer["admin"]?["id"])
    }

    private func signedIn(_ answer: JSON, id: JSON?) throws -> SignedIn {
        guard let token = answer["access_token"]?.text, let id = id?.identifier else {
            throw DriverClientError.unreadable("the log-in's answer: no access_token or no id in it")
        }
        return SignedIn(id: id, accessToken: token, refreshToken: answer["refresh_token"]?.text)
    }
}
