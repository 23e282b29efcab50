import tiffin

/// One thing that the test double can do wrong, and the line of the report that must notice it.
enum PlantedFault: String, CaseIterable, Sendable {
    case closesValidTokens, refusesBeforeUpgrade, acceptsAnyToken, losesPositions, savesOneOfTwo, ordersLate
    case ordersWithTextEarnings, ignoresPing, talkativePong, neverPingsByItself, losesOrdersWhileAway
    case oldEndForgetsNew, untrustedCertificate, oneDriverAtATime, tellsEveryone, ignoresPath, acceptsRefreshTokens
    case restWithoutToken, keepsOldConnection, closesNewConnection, losesCancellation, diesOfBadMessage
    case answersCloseWrongly, neverIdle, idleTooEarly, logsTokens, logsNothing, noRateLimit

    var line: ConformanceLine {
        switch self {
        case .closesValidTokens: .validToken
        case .refusesBeforeUpgrade, .acceptsAnyToken: .invalidToken
        case .losesPositions, .savesOneOfTwo: .savedPositions
        case .ordersLate, .ordersWithTextEarnings: .promptOrder
        case .ignoresPing, .talkativePong, .neverPingsByItself: .keepAlive
        case .losesOrdersWhileAway, .oldEndForgetsNew: .reconnection
        case .untrustedCertificate: .certificate
        case .oneDriverAtATime: .simultaneous
        case .tellsEveryone: .onlyOwnOrders
        case .ignoresPath, .acceptsRefreshTokens, .restWithoutToken: .everyConnection
        case .keepsOldConnection, .closesNewConnection: .duplicate
        case .losesCancellation: .cancellation
        case .diesOfBadMessage, .answersCloseWrongly: .badMessages
        case .neverIdle, .idleTooEarly: .idle
        case .logsTokens, .logsNothing: .events
        case .noRateLimit: .rateLimit
        }
    }
}
