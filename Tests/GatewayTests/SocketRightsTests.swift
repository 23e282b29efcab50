import DispatchCore
import Gateway
import Synchronization
import Testing

/// Every socket against every kind of token. A new socket does not compile here until somebody has said who may open
/// it, and a token of a new kind has to be judged at each.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SocketRightsTests {
    enum Token: String, CaseIterable {
        case none = ""
        case rubbish = "rubbish"
        case expired = "expired"
        case driver = "driver-7"
        case otherDriver = "driver-8"
        case blockedDriver = "driver-66"
        case admin = "admin-1"
    }

    /// The sockets as paths, one for each case of the route's target.
    static let paths = ["/api/v1/ws/driver/7", "/api/v1/ws/driver/66", "/api/v1/ws/driver/zero", "/api/v1/ws/admin"]

    /// Who may: nil opens, else the reason with which 4001 is told.
    private func refusal(_ target: SocketRoute.Target, _ token: Token) -> String? {
        switch (target, token) {
        case (_, .none): "token_missing"
        case (_, .rubbish): "token_invalid"
        case (_, .expired): "token_expired"
        case (.driver(7), .driver): nil
        case (.driver(66), .blockedDriver): "driver_blocked"
        case (.driver, .driver), (.driver, .otherDriver), (.driver, .blockedDriver): "driver_mismatch"
        case (.driver, .admin): "wrong_role"
        case (.admin, .admin): nil
        case (.admin, .driver), (.admin, .otherDriver), (.admin, .blockedDriver): "wrong_role"
        }
    }

    @Test(arguments: paths)
    func aSocketOpensForItsOwnerAloneInWhateverPlaceTheTokenStands(path: String) async throws {
        let target = try #require(SocketRoute(uri: path, authorization: nil)).target
        try await LoopbackServer.run { server in
            server.door.state.withLock { _ = $0.blocked.insert(DriverID(66)) }
            for token in Token.allCases {
                for isInHeader in [false, true] {
                    let client = try await server.connect()
                    let status =
                        isInHeader
                        ? try await client.upgrade(path, headers: ["Authorization: Bearer \(token.rawValue)"])
                        : try await client.upgrade("\(path)?token=\(token.rawValue)")
                    #expect(status == 101)
                    if let reason = refusal(target, token) {
                        #expect(try await client.close() == (4001, reason), "\(path) \(token)")
                    } else {
                        #expect(try await client.text().contains("connection_ack"), "\(path) \(token)")
                    }
                }
            }
            #expect(server.door.state.withLock { $0.fixes.isEmpty })
        }
    }
}
