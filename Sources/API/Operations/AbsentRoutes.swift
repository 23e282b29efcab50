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

    private func absent(_ method: HTTPRequest.Method, _ path: String, _ access: Access, _ what: String) -> Route {
        Route(method, path, access) { _ in throw Problems.notOffered(what) }
    }
}
