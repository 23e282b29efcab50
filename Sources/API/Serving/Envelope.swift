import Contract
import DispatchCore
import HTTPTypes
import Hummingbird
import Identity
import Logging
import Metrics
import NIOCore

/// The outermost layer: every request gets an id, every answer that is no success becomes a problem document, the
/// exchange is counted and logged without its query, which may hold a token.
struct Envelope: RouterMiddleware {
    typealias Context = APIContext

    let table: RouteTable
    let crossOrigin: CrossOrigin
    let speaksTLS: Bool
    let now: @Sendable () -> Timestamp
    let randomBytes: RandomBytes
    let logger: Logger

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let started = now()
        let requestID = requestID(of: request)
        var head = request.head
        head.headerFields[.requestID] = requestID
        let request = Request(head: head, body: request.body)
        var response = try await respond(to: request, requestID, context, next)
        response.headers.set(crossOrigin.fields(for: request.headers[.origin]))
        if speaksTLS { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        response.headers[.requestID] = requestID
        response.headers[.cacheControl] = response.headers[.cacheControl] ?? "no-store"
        record(request, response, context, requestID, milliseconds: now().millisecondsSince(started))
        return response
    }

    private func respond(
        to request: Request, _ requestID: String, _ context: APIContext,
        _ next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        if request.method == .options, request.headers[.accessControlRequestMethod] != nil {
            var headers: HTTPFields = [:]
            headers.set(crossOrigin.preflight(for: request.headers[.origin]))
            return Response(status: .noContent, headers: headers)
        }
        do {
            return try await next(request, context)
        } catch let error as CancellationError {
            throw error
        } catch {
            var refusal = Problems.refusal(for: error)
            if refusal.problem.status == 404, refusal.problem.code == Problems.notFound.code {
                if let subject = AbsentRoutes.subject(of: request.uri.path) {
                    refusal = Refusal(Problems.notOffered(subject))
                } else if let known = methodRefusal(request) {
                    refusal = known
                }
            }
            if refusal.problem.status >= 500, refusal.problem.status != 501 {
                // The error's own words may quote what a client sent; its type says enough to find the place.
                logger.error(
                    "request failed",
                    metadata: [
                        "request_id": "\(requestID)", "error": "\(type(of: error))", "code": "\(refusal.problem.code)",
                    ])
            }
            return Self.response(to: refusal, requestID: requestID)
        }
    }

    /// The path is known, the method is not: 405 with the methods that are, or the plain answer to OPTIONS.
    private func methodRefusal(_ request: Request) -> Refusal? {
        let methods = table.methods(of: request.uri.path)
        // HEAD is understood wherever GET is.
        let method = request.method == .head ? .get : request.method
        guard !methods.isEmpty, !methods.contains(method) else { return nil }
        let allowed = (methods + [.options]).map(\.rawValue).joined(separator: ", ")
        let problem = Problem(
            status: 405, code: "method_not_allowed", title: "Method not allowed",
            detail: "This address understands \(allowed).")
        return Refusal(problem, headers: [.allow: allowed])
    }

    static func response(to refusal: Refusal, requestID: String) -> Response {
        var problem = refusal.problem
        problem.requestID = requestID
        var headers = refusal.headers
        headers[.contentType] = Problem.mediaType
        return Response(
            status: HTTPResponse.Status(code: problem.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: problem.jsonBytes)))
    }

    /// The client's id when it is short and plain, otherwise one of ours.
    private func requestID(of request: Request) -> String {
        RequestID.accepted(request.headers[.requestID]) ?? hexadecimal(randomBytes(8))
    }

    private func record(
        _ request: Request, _ response: Response, _ context: APIContext, _ requestID: String, milliseconds: Int64
    ) {
        // The route, not the path: the set of labels stays small whatever clients send.
        let route = context.endpointPath ?? "none"
        let labels = [
            ("method", request.method.rawValue), ("route", route), ("status", String(response.status.code)),
        ]
        Counter(label: "http_requests_total", dimensions: labels).increment()
        Metrics.Timer(label: "http_request_duration_seconds", dimensions: [("route", route)])
            .recordMilliseconds(milliseconds)
        logger.debug(
            "request",
            metadata: [
                "request_id": "\(requestID)", "method": "\(request.method.rawValue)", "route": "\(route)",
                "status": "\(response.status.code)", "milliseconds": "\(milliseconds)",
            ])
    }
}

extension HTTPFields {
    fileprivate mutating func set(_ fields: [CrossOrigin.Field]) {
        for field in fields { if let name = HTTPField.Name(field.name) { self[name] = field.value } }
    }
}
