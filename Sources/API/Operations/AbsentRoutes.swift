import HTTPTypes

/// Calls of the deployed apps that have nothing to do with dispatch. They get a quick, honest 501, never a 401, which
/// would log the app out.
struct AbsentRoutes: RouteGroup {
    var routes: [Route] {
        [
            absent(.get, "/api/v1/commission/rates", .admin, "Commission"),
            absent(.get, "/api/v1/commission/config", .admin, "Commission"),
            absent(.put, "/api/v1/commission/config", .admin, "Commission"),
            absent(.get, "/api/v1/commission/restaurants", .admin, "Commission"),
            absent(.get, "/api/v1/restaurant-earnings", .admin, "Earnings of restaurants"),
            absent(.get, "/api/v1/restaurant-earnings/stats", .admin, "Earnings of restaurants"),
            absent(.get, "/api/v1/restaurant-earnings/restaurants", .admin, "Earnings of restaurants"),
            absent(.post, "/api/v1/restaurant-earnings/process-payout", .admin, "Earnings of restaurants"),
        ]
    }

    private static let prefixes = [("commission", "Commission"), ("restaurant-earnings", "Earnings of restaurants")]

    /// What lies below a path that is not offered at all, whatever the method and however deep; nil elsewhere.
    static func subject(of path: String) -> String? {
        let parts = path.split(separator: "/").prefix(3)
        guard parts.count == 3, parts[0] == "api", parts[1] == "v1" else { return nil }
        return prefixes.first { $0.0 == parts[2] }?.1
    }

    private func absent(_ method: HTTPRequest.Method, _ path: String, _ access: Access, _ what: String) -> Route {
        Route(method, path, access) { _ in throw Problems.notOffered(what) }
    }
}
