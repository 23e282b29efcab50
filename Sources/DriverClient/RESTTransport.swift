import AsyncHTTPClient
package import Contract
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A REST call's answer.
package struct RESTAnswer: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    /// The body as JSON; null when it is empty or no JSON.
    package var json: JSON { (try? JSON(parsing: body)) ?? .null }

    /// What the server says went wrong: the problem's detail, or the beginning of the body.
    package var detail: String {
        json.first(of: ["detail", "message"])?.text ?? String(decoding: body.prefix(200), as: UTF8.self)
    }
}

/// Makes REST calls on the event loops of the sockets.
final class RESTTransport: Sendable {
    private let address: ServerAddress
    private let client: HTTPClient

    init(address: ServerAddress, group: MultiThreadedEventLoopGroup, tls: TLSConfiguration) {
        self.address = address
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(10)
        // Whoever calls learns at once that nobody listens.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    func call(
        _ method: HTTPMethod, _ path: String, token: String?, body: [UInt8]?, headers: [(String, String)],
        patience: Duration
    ) async throws -> RESTAnswer {
        var request = HTTPClientRequest(url: address.url(path))
        request.method = method
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(body)
        }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        do {
            let response = try await client.execute(request, timeout: .seconds(patience.components.seconds))
            let body = try await response.body.collect(upTo: 16 << 20)
            return RESTAnswer(
                status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) },
                body: Array(body.readableBytesView))
        } catch {
            throw DriverClientError.unreachable("\(error)")
        }
    }

    func shutdown() async {
        try? await client.shutdown()
    }
}

/// The verbs that the contract uses.
package enum RESTVerb: String, Sendable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}

extension WireClient {
    /// Calls a REST path such as `/api/v1/orders` and returns whatever the server answers, errors too.
    ///
    /// - Parameter patience: For the whole answer, in whole seconds.
    /// - Throws: ``DriverClientError/unreachable(_:)`` when there is no answer within it.
    package func call(
        _ verb: RESTVerb, _ path: String, token: String? = nil, body: [UInt8]? = nil, headers: [(String, String)] = [],
        patience: Duration = .seconds(15)
    ) async throws -> RESTAnswer {
        try await rest.call(
            HTTPMethod(rawValue: verb.rawValue), path, token: token, body: body, headers: headers, patience: patience)
    }

    /// Calls a REST path with a JSON object as body and wants a 2xx.
    ///
    /// - Throws: ``DriverClientError/unexpectedStatus(_:detail:)`` for any other answer.
    package func send(
        _ verb: RESTVerb, _ path: String, token: String? = nil, _ members: ((inout JSONWriter) -> Void)? = nil
    ) async throws -> JSON {
        var body: [UInt8]?
        if let members {
            var writer = JSONWriter()
            writer.object(members)
            body = writer.bytes
        }
        let answer = try await call(verb, path, token: token, body: body)
        guard (200..<300).contains(answer.status) else {
            throw DriverClientError.unexpectedStatus(answer.status, detail: answer.detail)
        }
        return answer.json
    }
}
