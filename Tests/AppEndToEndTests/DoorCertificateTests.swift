import App
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Testing

/// What the front door shows to those who come by TLS.
@Suite(.timeLimit(.minutes(1))) struct DoorCertificateTests {
    /// A pair of files that can be made anew in place, as a renewal does.
    struct Files {
        let certificate: String
        let key: String

        init() throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "door-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            certificate = folder.appending(path: "chain.pem").path
            key = folder.appending(path: "key.pem").path
            try renew()
        }

        func renew() throws {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key,
                "-out", certificate,
            ]
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
        }

        func roots() throws -> [NIOSSLCertificate] { try NIOSSLCertificate.fromPEMFile(certificate) }
    }

    private static var group: MultiThreadedEventLoopGroup { .singleton }

    /// A port that does nothing but shake hands.
    private func listen(_ door: DoorCertificate) async throws -> any Channel {
        let context = try NIOSSLContext(configuration: door.configuration)
        return try await ServerBootstrap(group: Self.group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
            }
        }.bind(host: "127.0.0.1", port: 0).get()
    }

    /// Whether a client that trusts these roots alone comes to terms with the server.
    private func shakesHands(
        _ server: any Channel, trusting roots: [NIOSSLCertificate], atMost version: TLSVersion? = nil,
        suites: String? = nil
    ) async throws -> Bool {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(roots)
        configuration.minimumTLSVersion = .tlsv1
        configuration.maximumTLSVersion = version
        if let suites { configuration.cipherSuites = suites }
        let context = try NIOSSLContext(configuration: configuration)
        let isDone = Self.group.any().makePromise(of: Bool.self)
        let channel = try await ClientBootstrap(group: Self.group).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: "localhost"))
                try pipeline.addHandler(Listener(isDone: isDone))
            }
        }.connect(to: try #require(server.localAddress)).get()
        let result = try await isDone.futureResult.get()
        try? await channel.close()
        return result
    }

    private final class Listener: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let isDone: EventLoopPromise<Bool>

        init(isDone: EventLoopPromise<Bool>) {
            self.isDone = isDone
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .handshakeCompleted = event as? TLSUserEvent { isDone.succeed(true) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            isDone.succeed(false)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { isDone.succeed(false) }
    }

    @Test func aRenewedCertificateIsShownWithoutARestart() async throws {
        let files = try Files()
        let old = try files.roots()
        let door = try DoorCertificate(certificate: files.certificate, key: files.key)
        let server = try await listen(door)
        #expect(try await shakesHands(server, trusting: old))
        try files.renew()
        let new = try files.roots()
        #expect(try await !shakesHands(server, trusting: new))
        try door.reload()
        #expect(try await shakesHands(server, trusting: new))
        #expect(try await !shakesHands(server, trusting: old))
        try await server.close()
    }

    @Test func aBrokenRenewalLeavesTheLastGoodPair() async throws {
        let files = try Files()
        let old = try files.roots()
        let door = try DoorCertificate(certificate: files.certificate, key: files.key)
        let server = try await listen(door)
        // The key of another pair, as in the middle of a renewal.
        let other = try Files()
        try FileManager.default.removeItem(atPath: files.key)
        try FileManager.default.copyItem(atPath: other.key, toPath: files.key)
        #expect(throws: (any Error).self) { try door.reload() }
        #expect(try await shakesHands(server, trusting: old))
        #expect(throws: ConfigurationError.self) {
            try DoorCertificate(certificate: files.certificate, key: files.key)
        }
        try await server.close()
    }

    @Test func onlyTLS12AndNewerAreSpoken() async throws {
        let files = try Files()
        let server = try await listen(try DoorCertificate(certificate: files.certificate, key: files.key))
        let roots = try files.roots()
        #expect(try await shakesHands(server, trusting: roots, atMost: .tlsv13))
        #expect(try await shakesHands(server, trusting: roots, atMost: .tlsv12))
        #expect(try await !shakesHands(server, trusting: roots, atMost: .tlsv11))
        #expect(try await !shakesHands(server, trusting: roots, atMost: .tlsv1))
        try await server.close()
    }

    @Test(arguments: [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", true), ("ECDHE-ECDSA-CHACHA20-POLY1305", true),
        ("ECDHE-ECDSA-AES256-SHA", false), ("ECDHE-ECDSA-AES128-SHA", false),
    ])
    func withTLS12OnlyAuthenticatedEncryptionIsSpoken(suite: String, isSpoken: Bool) async throws {
        let files = try Files()
        let server = try await listen(try DoorCertificate(certificate: files.certificate, key: files.key))
        let isDone = try await shakesHands(server, trusting: try files.roots(), atMost: .tlsv12, suites: suite)
        #expect(isDone == isSpoken)
        try await server.close()
    }
}
