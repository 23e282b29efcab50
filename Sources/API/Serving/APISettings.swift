package import Contract
package import Fulfilment

/// What an operator may set about the REST side.
package struct APISettings: Sendable {
    /// Browser origins that may call, such as `http://localhost:5173`; `*` admits all.
    package var corsOrigins: [String] = []
    package var trustedProxies = TrustedProxies()
    /// ISO 4217, shown beside amounts.
    package var currency = "INR"
    /// IANA name, shown beside days; the offsets come from the house's settings.
    package var timeZone = "Asia/Kolkata"
    /// Whether a driver's list of orders shows the last four digits of the one-time password, which one screen of the
    /// deployed app compares by itself.
    package var showsOTPToDriver = true
    /// What integrations must show in `X-API-Key`; nil turns them off.
    package var integrationKey: String?
    /// Bytes of an ordinary body.
    package var bodyLimit = 256 << 10
    /// Bytes of a body that anybody may send, without a token.
    package var openBodyLimit = 16 << 10
    /// Bytes of an import's body.
    package var importBodyLimit = 64 << 20
    /// Whether the server itself speaks TLS: browsers are then told to come by it from now on.
    package var speaksTLS = false
    /// Shown at `/`.
    package var version = "development"

    package init() {}
}

/// What the program around the API answers for it.
package struct APIHooks: Sendable {
    /// One part of the server and whether it works, for `/health/ready`.
    package struct Part: Sendable, Hashable {
        package let name: String
        package let isReady: Bool
        /// One sentence for operators, without secrets.
        package let detail: String

        package init(name: String, isReady: Bool, detail: String = "") {
            self.name = name
            self.isReady = isReady
            self.detail = detail
        }
    }

    /// The state of each part; the server is ready when all are.
    package var readiness: @Sendable () async -> [Part] = { [] }
    /// The metrics in the text exposition format.
    package var metrics: @Sendable () async -> String = { "" }
    /// Refuses zones whose borders are no proper polygons, or lie where nobody can have meant them, with a sentence;
    /// nil accepts them.
    package var refuseZones: @Sendable ([ZoneDraft]) async -> String? = { _ in nil }
    /// Takes new zones into force on this server.
    package var zonesReplaced: @Sendable ([Zone]) async -> Void = { _ in }

    package init() {}
}
