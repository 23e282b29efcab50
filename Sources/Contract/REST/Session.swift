/// A log-in in any spelling that the apps and the seed use.
package struct LoginRequest: Equatable, Sendable {
    /// An e-mail address or a phone number.
    package var identity: String
    package var password: String

    package init(identity: String, password: String) {
        self.identity = identity
        self.password = password
    }

    /// Reads JSON or a form; `identity`, `email`, `phone`, `phone_number` and `username` mean the same.
    package init(body: [UInt8], contentType: String?) throws(BodyRefusal) {
        var reader = try BodyReader(body, contentType: contentType)
        identity = reader.requiredText("identity", "email", "phone", "phone_number", "username", limit: 254)
        password = reader.secret("password")
        if password.isEmpty { reader.reject("password", "is required") }
        if password.utf8.count > 1024 { reader.reject("password", "must have at most 1024 bytes") }
        try reader.finish()
    }
}

/// A refresh of tokens; `refresh_token` and `refreshToken` mean the same.
package struct RefreshRequest: Equatable, Sendable {
    package var refreshToken: String

    package init(refreshToken: String) {
        self.refreshToken = refreshToken
    }

    package init(body: [UInt8], contentType: String?) throws(BodyRefusal) {
        var reader = try BodyReader(body, contentType: contentType)
        refreshToken = reader.requiredText("refresh_token", "refreshToken", limit: 4096)
        try reader.finish()
    }
}

/// A change of password.
package struct PasswordRequest: Equatable, Sendable {
    package var current: String
    package var new: String

    package init(body: [UInt8], contentType: String?) throws(BodyRefusal) {
        var reader = try BodyReader(body, contentType: contentType)
        current = reader.secret("current_password", "old_password", "password")
        new = reader.secret("new_password")
        if current.isEmpty { reader.reject("current_password", "is required") }
        if new.count < 8 { reader.reject("new_password", "must have at least 8 characters") }
        if new.utf8.count > 1024 { reader.reject("new_password", "must have at most 1024 bytes") }
        try reader.finish()
    }
}

/// The answer to a log-in or a refresh.
package struct SessionAnswer: Equatable, Sendable {
    package enum Account: Equatable, Sendable {
        case driver(LoginDriver)
        case admin(LoginAdmin)
    }

    package var accessToken: String
    package var refreshToken: String
    /// Seconds until the access token expires.
    package var expiresIn: Int64
    package var account: Account

    package init(accessToken: String, refreshToken: String, expiresIn: Int64, account: Account) {
        self.accessToken = accessToken
        self.refreshToken = refreshToken
        self.expiresIn = expiresIn
        self.account = account
    }
}

/// The driver in the answer to a log-in. The app keeps this copy and judges by it whether "go online" is allowed.
package struct LoginDriver: Equatable, Sendable {
    package var id: Int64
    package var name: String
    package var email: String?
    package var phone: String?
    /// The account's status in upper case: `APPROVED`, `PENDING`, `BLOCKED`.
    package var accountStatus: String
    package var isOnline: Bool

    package init(id: Int64, name: String, email: String?, phone: String?, accountStatus: String, isOnline: Bool) {
        self.id = id
        self.name = name
        self.email = email
        self.phone = phone
        self.accountStatus = accountStatus
        self.isOnline = isOnline
    }
}

/// The admin in the answer to a log-in.
package struct LoginAdmin: Equatable, Sendable {
    package var id: Int64
    package var email: String
    package var fullName: String

    package init(id: Int64, email: String, fullName: String) {
        self.id = id
        self.email = email
        self.fullName = fullName
    }
}

extension SessionAnswer: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("access_token", accessToken)
            writer.field("refresh_token", refreshToken)
            writer.field("token_type", "bearer")
            writer.field("expires_in", expiresIn)
            switch account {
            case .driver(let driver):
                writer.field("driver_id", driver.id)
                writer.field("driver", driver)
            case .admin(let admin): writer.field("admin", admin)
            }
        }
    }
}

extension LoginDriver: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id)
            writer.field("driver_id", id)
            writer.field("name", name)
            writer.field("email", email)
            writer.field("phone", phone)
            writer.field("status", accountStatus)
            writer.field("is_verified", accountStatus == "APPROVED" || accountStatus == "ACTIVE")
            writer.field("is_online", isOnline)
        }
    }
}

extension LoginAdmin: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id)
            writer.field("email", email)
            writer.field("full_name", fullName)
        }
    }
}
