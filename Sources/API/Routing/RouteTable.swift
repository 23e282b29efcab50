import HTTPTypes

/// Every route of the server, in one list: the router is built from it, the matrix of rights is tested against it, the
/// OpenAPI document is compared with it.
package struct RouteTable: Sendable {
    package static let prefix = "/api/v1"

    package let routes: [Route]

    init(_ groups: [any RouteGroup]) {
        routes = groups.flatMap(\.routes)
        var seen: Set<String> = []
        for route in routes {
            precondition(seen.insert("\(route.method.rawValue) \(route.path)").inserted, "a route is listed twice")
        }
    }

    /// Methods that a path understands, for the answer to one that it does not. O(routes).
    func methods(of path: String) -> [HTTPRequest.Method] {
        let parts = path.split(separator: "/")
        var methods: [HTTPRequest.Method] = []
        for route in routes where route.covers(parts) && !methods.contains(route.method) {
            methods.append(route.method)
        }
        return methods
    }
}
