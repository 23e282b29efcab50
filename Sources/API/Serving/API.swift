import Contract
import DispatchCore
package import Fulfilment
import HTTPTypes
package import Hummingbird
package import Identity
package import Logging
import NIOCore

/// The REST side of the house as one responder: hand it to the server that listens.
package struct API: Sendable {
    /// What the API is made of.
    package struct Parts: Sendable {
        package var house: House
        package var issuer: TokenIssuer
        package var verifier: TokenVerifier
        package var refresh: RefreshPolicy
        package var hasher: PasswordHasher
        /// Brought up to date by its owner every second or two; see ``EpochList``.
        package var epochs: EpochRegister
        package var randomBytes: RandomBytes
        package var settings = APISettings()
        package var hooks = APIHooks()
        package var logger: Logger
        /// Nil where this server sends no webhooks.
        package var webhooks: (any WebhookStore)?

        package init(
            house: House, issuer: TokenIssuer, verifier: TokenVerifier, refresh: RefreshPolicy, hasher: PasswordHasher,
            epochs: EpochRegister, randomBytes: @escaping RandomBytes, logger: Logger
        ) {
            self.house = house
            self.issuer = issuer
            self.verifier = verifier
            self.refresh = refresh
            self.hasher = hasher
            self.epochs = epochs
            self.randomBytes = randomBytes
            self.logger = logger
        }
    }

    /// Every route with its class of rights.
    package let table: RouteTable
    /// Refuses new requests once begun.
    package let drain = Drain()
    private let parts: Parts
    private let authority: Authority
    private let clients: ClientAddress
    private let largeImports = OneAtATime(mostWaiting: 8)
    /// Bytes of an import that only one may have at a time.
    private static let largeBody = 8 << 20

    package init(_ parts: Parts) {
        self.parts = parts
        authority = Authority(
            house: parts.house, verifier: parts.verifier, epochs: parts.epochs,
            integrationKey: parts.settings.integrationKey)
        clients = ClientAddress(trustedProxies: parts.settings.trustedProxies)
        table = RouteTable([
            OperationRoutes(parts: parts, drain: drain), SessionRoutes(parts), DriverRoutes(parts),
            DriverOrderRoutes(parts), OrderRoutes(parts), AssignmentRoutes(parts), FleetRoutes(parts),
            PlaceRoutes(parts), PresenceRoutes(parts), PoolRoutes(parts), PoolImportRoutes(parts),
            DispatchRoutes(parts), RuleRoutes(parts), EventRoutes(parts),
            EarningsRoutes(parts), PayoutRoutes(parts), WebhookRoutes(parts), AbsentRoutes(),
        ])
    }

    /// Builds the responder. Call it once; it holds the route tree.
    package func makeResponder() -> some HTTPResponder<APIContext> {
        let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        router.add(
            middleware: Envelope(
                table: table, crossOrigin: CrossOrigin(origins: Set(parts.settings.corsOrigins)),
                speaksTLS: parts.settings.speaksTLS, now: parts.house.now, randomBytes: parts.randomBytes,
                logger: parts.logger))
        for route in table.routes {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                try await serve(route, request, context)
            }
        }
        return router.buildResponder()
    }

    private func serve(_ route: Route, _ request: Request, _ context: APIContext) async throws -> Response {
        if drain.hasBegun, !route.answersWhileDraining {
            throw Refusal.retryLater(
                Problem(
                    status: 503, code: "draining", title: "Not available",
                    detail: "This server is shutting down; connect again."), seconds: 1)
        }
        let bearer = try await authority.admit(request.headers, to: route.access)
        if let bearer, bearer.role == .driver {
            parts.house.fleet.seen(DriverID(bearer.id), at: parts.house.now())
        }
        let isLarge = route.takesImport && Self.mayBeLarge(request)
        if isLarge, await !largeImports.begin() { throw Refusal.retryLater(Problems.importBusy, seconds: 5) }
        defer { if isLarge { largeImports.end() } }
        let exchange = Exchange(
            requestID: request.headers[.requestID] ?? "", method: request.method, path: request.uri.path,
            parameters: Self.parameters(route, context), query: Query(request.uri.query), headers: request.headers,
            body: try await body(of: request, route), bearer: bearer,
            address: clients.resolve(peer: context.peer, headers: request.headers), now: parts.house.now())
        let reply = try await route.handler(exchange)
        var headers = reply.headers
        if let type = reply.contentType { headers[.contentType] = type }
        return Response(
            status: reply.status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: reply.body)))
    }

    /// A body of which two at once would cost more memory than a server should have to keep free.
    private static func mayBeLarge(_ request: Request) -> Bool {
        request.headers[.contentLength].flatMap { Int($0) }.map { $0 > largeBody } ?? true
    }

    /// The whole body, bounded; a GET's body is nobody's business.
    private func body(of request: Request, _ route: Route) async throws -> [UInt8] {
        guard request.method != .get, request.method != .head else { return [] }
        let limit =
            route.takesImport
            ? parts.settings.importBodyLimit
            : route.access == .open
                ? min(parts.settings.openBodyLimit, parts.settings.bodyLimit) : parts.settings.bodyLimit
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            try await discard(request.body, upTo: 2 * max(limit, parts.settings.bodyLimit))
            throw Problems.tooLarge(limit: limit)
        }
        do {
            let buffer = try await request.body.collect(upTo: limit)
            return Array(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw Problems.tooLarge(limit: limit)
        }
    }

    /// Reads what nobody wants, so that a client that listens only when it has sent everything hears the answer.
    private func discard(_ body: RequestBody, upTo most: Int) async throws {
        var left = most
        for try await part in body {
            left -= part.readableBytes
            if left < 0 { return }
        }
    }

    private static func parameters(_ route: Route, _ context: APIContext) -> [String: String] {
        var values: [String: String] = [:]
        for name in route.parameterNames {
            values[name] = context.parameters.get(name)
        }
        return values
    }
}

extension HTTPField.Name {
    static var requestID: HTTPField.Name {
        guard let name = HTTPField.Name("X-Request-ID") else {
            preconditionFailure("letters and hyphens are a field name")
        }
        return name
    }

    /// Where the next page of a list is.
    static var link: HTTPField.Name {
        guard let name = HTTPField.Name("Link") else { preconditionFailure("letters are a field name") }
        return name
    }

    static var apiKey: HTTPField.Name {
        guard let name = HTTPField.Name("X-API-Key") else {
            preconditionFailure("letters and hyphens are a field name")
        }
        return name
    }

    static var idempotencyKey: HTTPField.Name {
        guard let name = HTTPField.Name("Idempotency-Key") else {
            preconditionFailure("letters and hyphens are a field name")
        }
        return name
    }
}
