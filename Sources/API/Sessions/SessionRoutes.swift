import Contract
import Fulfilment
import HTTPTypes
import Identity

/// Log-in, refresh, log-out, password.
struct SessionRoutes: RouteGroup {
    private let desk: LogInDesk

    init(_ parts: API.Parts) {
        desk = LogInDesk(parts)
    }

    var routes: [Route] {
        [
            Route(.post, "/api/v1/auth/login", .open) { try await logIn($0, kind: nil) },
            Route(.post, "/api/v1/auth/driver/login", .open) { try await logIn($0, kind: .driver) },
            Route(.post, "/api/v1/auth/admin/login", .open) { try await logIn($0, kind: .admin) },
            Route(.post, "/api/v1/auth/refresh", .open) { exchange in
                let request = try RefreshRequest(body: exchange.body, contentType: exchange.contentType)
                return .json(try await desk.refresh(request.refreshToken))
            },
            Route(.post, "/api/v1/auth/logout", .either) { exchange in
                guard let bearer = exchange.bearer else { throw Problems.wrongRole }
                try await desk.logOut(bearer)
                return .message("Logged out.")
            },
            Route(.put, "/api/v1/auth/password", .either) { exchange in
                guard let bearer = exchange.bearer else { throw Problems.wrongRole }
                let request = try PasswordRequest(body: exchange.body, contentType: exchange.contentType)
                return .json(try await desk.changePassword(request, of: bearer, from: exchange.address))
            },
        ]
    }

    private func logIn(_ exchange: Exchange, kind: AccountKind?) async throws -> Reply {
        let request = try LoginRequest(body: exchange.body, contentType: exchange.contentType)
        return .json(try await desk.logIn(request, kind: kind, from: exchange.address))
    }
}
