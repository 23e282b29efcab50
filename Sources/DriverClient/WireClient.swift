import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket

/// Whom a client believes when a server shows its certificate.
package enum Trust: Sendable {
    /// The certificate authorities of the machine.
    case system
    /// The certificates of one PEM file, and no other.
    case file(String)
}

/// How a token travels with the upgrade.
package enum TokenPlace: Sendable {
    /// `?token=…` in the URL, as the apps do.
    case query
    /// `Authorization: Bearer …`, which keeps it out of request logs.
    case header
}

/// Opens sockets and makes REST calls to one server in the driver's or the admin's role.
///
/// Ten thousand sockets share the few threads of one event-loop group. Owns that group: call ``shutdown()`` at the end.
package final class WireClient: Sendable {
    package let address: ServerAddress
    let group: MultiThreadedEventLoopGroup
    let rest: RESTTransport
    private let tls: NIOSSLContext?

    /// - Parameter threads: Event loops; one is enough for thousands of quiet sockets.
    /// - Throws: an error of the TLS library when the file of trust roots cannot be read.
    package init(_ address: ServerAddress, trust: Trust = .system, threads: Int = 1) throws {
        self.address = address
        var configuration = TLSConfiguration.makeClientConfiguration()
        if case .file(let path) = trust { configuration.trustRoots = .file(path) }
        tls = address.isSecure ? try NIOSSLContext(configuration: configuration) : nil
        group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        rest = RESTTransport(address: address, group: group, tls: configuration)
    }

    /// Ends every connection and the threads. Nothing may be called afterwards.
    package func shutdown() async {
        await rest.shutdown()
        try? await group.shutdownGracefully()
    }

    /// Opens a driver's socket: `/api/v1/ws/driver/{driver}`.
    ///
    /// - Parameters:
    ///   - driver: What stands in the path; a text, so that a wrong one can be tried.
    ///   - token: nil sends none.
    ///   - answersPings: false plays a phone whose network is dead in one direction.
    ///   - onEvent: Called on the connection's event loop, in order; it must not block.
    /// - Throws: ``DriverClientError/refused(status:retryAfter:)`` or ``DriverClientError/unreachable(_:)``.
    package func openSocket(
        driver: String, token: String?, place: TokenPlace = .query, answersPings: Bool = true,
        onEvent: @escaping @Sendable (SocketEvent) -> Void
    ) async throws -> DriverSocket {
        var uri = "\(address.basePath)/api/v1/ws/driver/\(driver)"
        var headers = HTTPHeaders([("host", address.hostHeader), ("content-length", "0")])
        switch (place, token) {
        case (.query, let token?): uri += "?token=\(token)"
        case (.header, let token?): headers.add(name: "authorization", value: "Bearer \(token)")
        case (_, nil): break
        }
        return try await openSocket(uri: uri, headers: headers, answersPings: answersPings, onEvent: onEvent)
    }

    /// Opens an admin's socket: `/api/v1/ws/admin`.
    ///
    /// - Parameter onEvent: Called on the connection's event loop, in order; it must not block.
    /// - Throws: ``DriverClientError/refused(status:retryAfter:)`` or ``DriverClientError/unreachable(_:)``.
    package func openConsole(
        token: String, onEvent: @escaping @Sendable (SocketEvent) -> Void
    ) async throws -> DriverSocket {
        let headers = HTTPHeaders([("host", address.hostHeader), ("content-length", "0")])
        return try await openSocket(
            uri: "\(address.basePath)/api/v1/ws/admin?token=\(token)", headers: headers, answersPings: true,
            onEvent: onEvent)
    }

    private func openSocket(
        uri: String, headers: HTTPHeaders, answersPings: Bool, onEvent: @escaping @Sendable (SocketEvent) -> Void
    ) async throws -> DriverSocket {
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: uri, headers: headers)
        let handshake = Handshake(
            head: head, host: address.host, tls: tls, answersPings: answersPings, onEvent: onEvent)
        let refusal: HTTPResponseHead
        do {
            let opening = try await ClientBootstrap(group: group).connectTimeout(.seconds(10))
                .connect(host: address.host, port: address.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try handshake.begin(on: channel) }
                }.get()
            switch opening {
            case .open(let channel): return DriverSocket(channel: channel)
            case .refused(let head): refusal = try await head.get()
            }
        } catch {
            throw DriverClientError.unreachable("\(error)")
        }
        let retryAfter = refusal.headers.first(name: "retry-after").flatMap { Int($0) }
        throw DriverClientError.refused(status: Int(refusal.status.code), retryAfter: retryAfter)
    }
}
