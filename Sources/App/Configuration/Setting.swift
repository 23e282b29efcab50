/// One thing an operator can set: the single table behind flags, environment, file, `config show` and the README.
package struct Setting: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case text
        case integer
        case number
        case yesNo = "yes/no"
        case list
    }

    /// Dotted, as in the file: `ws.idleTimeout`. Flag and environment name follow from it.
    package let key: String
    package let kind: Kind
    /// Nil: there is none, the setting is off or must be given.
    package let standard: String?
    package let unit: String
    package let summary: String
    package let isSecret: Bool

    init(
        _ key: String, _ kind: Kind, _ standard: String?, unit: String = "", isSecret: Bool = false, _ summary: String
    ) {
        self.key = key
        self.kind = kind
        self.standard = standard
        self.unit = unit
        self.summary = summary
        self.isSecret = isSecret
    }

    /// `--ws-idle-timeout`.
    package var flag: String { "--" + words.joined(separator: "-") }
    /// `TIFFIN_WS_IDLE_TIMEOUT`.
    package var environment: String { "TIFFIN_" + words.joined(separator: "_").uppercased() }

    private var words: [String] {
        key.split(separator: ".").flatMap { part -> [String] in
            var words: [String] = []
            var word = ""
            var previousIsUpper = false
            for character in part {
                if character.isUppercase, !previousIsUpper, !word.isEmpty {
                    words.append(word)
                    word = ""
                }
                previousIsUpper = character.isUppercase
                word.append(contentsOf: character.lowercased())
            }
            return words + [word]
        }
    }
}

extension Setting {
    /// Every setting there is. An unknown key anywhere is an error.
    package static let all: [Setting] = http + authentication + socket + dispatch + other

    private static let http: [Setting] = [
        Setting("http.host", .text, "0.0.0.0", "address to listen on; demo and --dev: 127.0.0.1"),
        Setting("http.port", .integer, "8000", "port of REST and WebSocket"),
        Setting(
            "http.trustedProxies", .list, "",
            "addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-For is believed"),
        Setting("http.tls.certificate", .text, nil, "PEM file of the certificate chain; with the key: https and wss"),
        Setting("http.tls.key", .text, nil, "PEM file of the private key"),
        Setting("http.corsOrigins", .list, "http://localhost:5173", "browser origins that may call the API"),
        Setting(
            "database.url", .text, nil, isSecret: true, "PostgreSQL; DATABASE_URL is read too; serve refuses without it"
        ),
        Setting("database.poolSize", .integer, "8", "connections at most"),
        Setting("database.deadline", .number, "3", unit: "s", "a call of the database that takes longer is given up"),
    ]

    private static let authentication: [Setting] = [
        Setting(
            "auth.secret", .text, nil, isSecret: true,
            "key of HS256 tokens, 32 bytes at least; serve refuses without it"),
        Setting("auth.accessTTL", .integer, "43200", unit: "s", "life of an access token"),
        Setting("auth.refreshTTL", .integer, "7776000", unit: "s", "life of a log-in without a new password"),
    ]

    private static let socket: [Setting] = [
        Setting("ws.idleTimeout", .number, "300", unit: "s", "a driver's socket without a frame is closed with 1001"),
        Setting("ws.pingInterval", .number, "25", unit: "s", "protocol ping to every socket; two unanswered drop it"),
        Setting("ws.connectBurst", .integer, "30", "connections of one driver at once"),
        Setting("ws.connectRefill", .number, "0.5", unit: "/s", "further connections of one driver"),
        Setting("ws.messageRate", .number, "20", unit: "/s", "messages of one socket"),
        Setting("ws.messageBurst", .integer, "100", "messages of one socket at once"),
        Setting("ws.maxMessage", .integer, "16384", unit: "bytes", "larger messages close with 1009"),
        Setting(
            "push.batchMessages", .text, "perOrder", "perOrder (one message an order) or perBatch (one message a batch)"
        ),
    ]

    private static let dispatch: [Setting] = [
        Setting("dispatch.automatic", .yesNo, "true", "the engine gives orders; off: only by hand"),
        Setting("dispatch.tick", .number, "10", unit: "s", "between two rounds"),
        Setting("dispatch.maxBatch", .integer, "3", "orders in one batch at most"),
        Setting(
            "dispatch.maxHold", .number, "20", unit: "s", "an order without a ready time waits for partners this long"),
        Setting(
            "dispatch.offerGap", .number, nil, unit: "s",
            "no second offer to a driver who has not answered the first for so long; 35 with perBatch, else 0"),
        Setting(
            "dispatch.lostDriverAfter", .number, "600", unit: "s", "orders of a driver without a sign of life return"),
        Setting(
            "dispatch.lapseAfter", .number, "0", unit: "s",
            "an order that its driver does not accept for so long returns; 0: never"),
        Setting("delivery.otp", .yesNo, "false", "every order gets a one-time password"),
        Setting("delivery.hideOTP", .yesNo, "false", "drivers' lists do not show the last four digits"),
        Setting(
            "pools.apiKey", .text, nil, isSecret: true,
            "key that the webhook of closed pools must show in X-API-Key; without one it is off"),
        Setting("webhooks.timeout", .number, "5", unit: "s", "for the answer to a webhook that this server sends"),
        Setting("webhooks.attempts", .integer, "12", "tries of a webhook before it is given up"),
        Setting(
            "webhooks.firstPause", .number, "1", unit: "s", "before the second try; doubles each time, up to an hour"),
        Setting("pools.maxBatch", .integer, "4", "orders in one group of an external pool at most"),
        Setting("earnings.base", .number, "25", unit: "rupees", "for each order"),
        Setting("earnings.perKilometre", .number, "8", unit: "rupees", "from pickup to dropoff"),
        Setting("earnings.peakHours", .list, "", "local hours, 0 to 23"),
        Setting("earnings.peakBonus", .number, "0", unit: "rupees", "for orders assigned within a peak hour"),
        Setting("earnings.multiOrderBonus", .number, "0", unit: "rupees", "for each order of a batch of two and more"),
    ]

    private static let other: [Setting] = [
        Setting("geo.staleAfter", .number, "60", unit: "s", "a driver whose last position is older gets nothing new"),
        Setting(
            "geo.osrm.url", .text, nil, "OSRM server for travel times, as http://host:5000; none: they are estimated"),
        Setting("geo.osrm.profile", .text, "driving", "the OSRM server's profile"),
        Setting("geo.osrm.timeout", .integer, "300", unit: "ms", "a round waits for OSRM this long, then estimates"),
        Setting("locations.retentionDays", .integer, "7", unit: "days", "history of positions"),
        Setting("region.timeZone", .text, "Asia/Kolkata", "calendar days of the earnings"),
        Setting("region.currency", .text, "INR", "of all amounts"),
        Setting("log.level", .text, "info", "trace, debug, info, notice, warning, error, critical"),
        Setting("log.format", .text, "auto", "text, json, or auto: text on a terminal"),
    ]
}
