package import Contract
package import Fulfilment

/// The configuration of a server, read once in one place and checked whole.
package struct AppConfiguration: Sendable {
    package struct HTTP: Sendable {
        package var host: String
        package var port: Int
        package var trustedProxies: TrustedProxies
        package var certificate: String?
        package var key: String?
        package var corsOrigins: [String]
    }

    package struct Socket: Sendable {
        package var idleSeconds: Double
        package var pingSeconds: Double
        package var connectBurst: Int
        package var connectRefill: Double
        package var messageRate: Double
        package var messageBurst: Int
        package var maxMessage: Int
        package var sendsBatchAsOne: Bool
    }

    package struct Dispatch: Sendable {
        package var isAutomatic: Bool
        package var tickSeconds: Double
        package var maxBatch: Int
        package var maxHoldSeconds: Double
        package var lostDriverAfterSeconds: Double
        /// Nil where the kind of messages decides: a phone that shows one message a batch shows one at a time.
        package var offerGapSeconds: Double?
        /// 0 never.
        package var lapseAfterSeconds: Double
    }

    package struct Routing: Sendable {
        /// Without a slash at the end.
        package var address: String
        package var profile: String
        package var timeoutMilliseconds: Int
    }

    package var http: HTTP
    package var databaseURL: String?
    package var databasePoolSize: Int
    package var databaseDeadlineSeconds: Double
    package var secret: String?
    package var accessSeconds: Int
    package var refreshSeconds: Int
    package var socket: Socket
    package var dispatch: Dispatch
    package var earnings: EarningsPolicy
    /// What the webhook of closed pools must show; nil turns it off.
    package var poolKey: String?
    package var poolMaxBatch: Int
    package var webhookTimeoutSeconds: Double
    package var webhookAttempts: Int
    package var webhookFirstPauseSeconds: Double
    package var makesOTP: Bool
    package var hidesOTP: Bool
    package var staleAfterSeconds: Double
    /// Nil where travel times are estimated.
    package var routing: Routing?
    package var retentionDays: Int
    package var timeZone: String
    package var currency: String
    package var logLevel: String
    package var logFormat: String

    /// - Throws: ``ConfigurationError`` for a value of the wrong kind or out of range.
    package init(_ reader: SettingsReader) throws {
        let values = try SettingValues(reader)
        http = HTTP(
            host: try values.text("http.host"), port: try values.integer("http.port", in: 0...65535),
            trustedProxies: try values.proxies("http.trustedProxies"),
            certificate: values.optional("http.tls.certificate"),
            key: values.optional("http.tls.key"), corsOrigins: try values.list("http.corsOrigins"))
        guard (http.certificate == nil) == (http.key == nil) else {
            throw ConfigurationError("http.tls.certificate and http.tls.key go together: give both or none")
        }
        databaseURL = values.optional("database.url")
        databasePoolSize = try values.integer("database.poolSize", in: 1...200)
        databaseDeadlineSeconds = try values.number("database.deadline", in: 0.5...600)
        secret = values.optional("auth.secret")
        accessSeconds = try values.integer("auth.accessTTL", in: 1...31_536_000)
        refreshSeconds = try values.integer("auth.refreshTTL", in: 1...315_360_000)
        socket = try Socket(values)
        dispatch = try Dispatch(values)
        earnings = try EarningsPolicy(values)
        poolKey = values.optional("pools.apiKey")
        if let key = poolKey, key.utf8.count < 16 {
            throw ConfigurationError("pools.apiKey must have at least 16 characters")
        }
        poolMaxBatch = try values.integer("pools.maxBatch", in: 1...8)
        webhookTimeoutSeconds = try values.number("webhooks.timeout", in: 0.1...60)
        webhookAttempts = try values.integer("webhooks.attempts", in: 1...100)
        webhookFirstPauseSeconds = try values.number("webhooks.firstPause", in: 0.1...3600)
        makesOTP = try values.yesNo("delivery.otp")
        hidesOTP = try values.yesNo("delivery.hideOTP")
        staleAfterSeconds = try values.number("geo.staleAfter", in: 1...86_400)
        routing = try Routing(values)
        retentionDays = try values.integer("locations.retentionDays", in: 1...3650)
        timeZone = try values.text("region.timeZone")
        currency = try values.text("region.currency")
        logLevel = try values.text("log.level")
        logFormat = try values.text("log.format")
    }
}

extension AppConfiguration.Socket {
    fileprivate init(_ values: SettingValues) throws {
        idleSeconds = try values.number("ws.idleTimeout", in: 0.1...86_400)
        pingSeconds = try values.number("ws.pingInterval", in: 0.1...86_400)
        connectBurst = try values.integer("ws.connectBurst", in: 1...100_000)
        connectRefill = try values.number("ws.connectRefill", in: 0.001...100_000)
        messageRate = try values.number("ws.messageRate", in: 0.1...1_000_000)
        messageBurst = try values.integer("ws.messageBurst", in: 1...1_000_000)
        maxMessage = try values.integer("ws.maxMessage", in: 256...16_777_216)
        switch try values.text("push.batchMessages") {
        case "perOrder": sendsBatchAsOne = false
        case "perBatch": sendsBatchAsOne = true
        case let other: throw ConfigurationError("push.batchMessages is \(other); it must be perOrder or perBatch")
        }
    }
}

extension AppConfiguration.Routing {
    fileprivate init?(_ values: SettingValues) throws {
        profile = try values.text("geo.osrm.profile")
        timeoutMilliseconds = try values.integer("geo.osrm.timeout", in: 10...60_000)
        guard let url = values.optional("geo.osrm.url") else { return nil }
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw ConfigurationError("geo.osrm.url is \(url); it must begin with http:// or https://")
        }
        guard !profile.contains(where: { "/?#;,".contains($0) }) else {
            throw ConfigurationError("geo.osrm.profile is \(profile); it must be one word")
        }
        address = url.hasSuffix("/") ? String(url.dropLast()) : url
    }
}

extension AppConfiguration.Dispatch {
    fileprivate init(_ values: SettingValues) throws {
        isAutomatic = try values.yesNo("dispatch.automatic")
        tickSeconds = try values.number("dispatch.tick", in: 0.1...3600)
        maxBatch = try values.integer("dispatch.maxBatch", in: 1...4)
        maxHoldSeconds = try values.number("dispatch.maxHold", in: 0...3600)
        lostDriverAfterSeconds = try values.number("dispatch.lostDriverAfter", in: 1...86_400)
        offerGapSeconds =
            values.optional("dispatch.offerGap") == nil ? nil : try values.number("dispatch.offerGap", in: 0...3600)
        lapseAfterSeconds = try values.number("dispatch.lapseAfter", in: 0...86_400)
    }
}

extension EarningsPolicy {
    fileprivate init(_ values: SettingValues) throws {
        let hours = try values.list("earnings.peakHours").map { text in
            guard let hour = Int(text), (0...23).contains(hour) else {
                throw ConfigurationError("earnings.peakHours has \(text); hours are 0 to 23, separated by commas")
            }
            return hour
        }
        self.init(
            base: try values.rupees("earnings.base"), perKilometre: try values.rupees("earnings.perKilometre"),
            peakHourBonus: try values.rupees("earnings.peakBonus"), peakHours: Set(hours),
            multiOrderBonus: try values.rupees("earnings.multiOrderBonus"))
    }
}

/// Every resolved setting by key, with typed reads that name the key in their error.
struct SettingValues {
    private var values: [String: String] = [:]

    init(_ reader: SettingsReader) throws {
        for setting in Setting.all { values[setting.key] = try reader.resolve(setting).value }
    }

    func optional(_ key: String) -> String? {
        values[key].flatMap { $0.isEmpty ? nil : $0 }
    }

    func text(_ key: String) throws -> String {
        guard let value = optional(key) else { throw ConfigurationError("\(key) must be given") }
        return value
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int {
        guard let value = Int(try text(key)), range.contains(value) else {
            throw ConfigurationError("\(key) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func number(_ key: String, in range: ClosedRange<Double>) throws -> Double {
        guard let value = Double(try text(key)), range.contains(value) else {
            throw ConfigurationError("\(key) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func yesNo(_ key: String) throws -> Bool {
        guard let value = Bool(try text(key)) else { throw ConfigurationError("\(key) must be true or false") }
        return value
    }

    func list(_ key: String) throws -> [String] {
        (values[key] ?? "").split(separator: ",").map { $0.trimmingCharacters(in: " ") }.filter { !$0.isEmpty }
    }

    func proxies(_ key: String) throws -> TrustedProxies {
        do {
            return try TrustedProxies(try list(key))
        } catch let error as TrustedProxies.Malformed {
            throw ConfigurationError(
                "\(key) has \(error.entry); entries are addresses (192.0.2.1) or networks (10.0.0.0/8)")
        }
    }

    func rupees(_ key: String) throws -> Paise {
        Paise(Int64((try number(key, in: 0...1_000_000) * 100).rounded()))
    }
}

extension Substring {
    fileprivate func trimmingCharacters(in blank: Character) -> String {
        var text = self
        while text.first == blank { text.removeFirst() }
        while text.last == blank { text.removeLast() }
        return String(text)
    }
}
