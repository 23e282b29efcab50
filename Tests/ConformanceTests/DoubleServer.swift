import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket

/// A server that keeps the contract as far as a conformance run looks, with one fault at most. It lives in memory.
final class DoubleServer: Sendable {
    let port: Int
    let state: DoubleState
    let logPath: String
    private let group: MultiThreadedEventLoopGroup

    private init(port: Int, state: DoubleState, logPath: String, group: MultiThreadedEventLoopGroup) {
        self.port = port
        self.state = state
        self.logPath = logPath
        self.group = group
    }

    /// Starts on a free port of the loopback.
    static func start(fault: PlantedFault? = nil, certificate: TestCertificate? = nil) async throws -> DoubleServer {
        let logPath = FileManager.default.temporaryDirectory.appending(path: "double-\(UUID()).log").path
        let state = DoubleState(fault: fault, logPath: logPath)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let tls = try certificate.map { try $0.serverContext() }
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    _ = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
                        configuration: .init(upgradeConfiguration: Self.upgrade(state)))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return DoubleServer(port: channel.localAddress?.port ?? 0, state: state, logPath: logPath, group: group)
    }

    private static func upgrade(_ state: DoubleState) -> NIOTypedHTTPServerUpgradeConfiguration<Void> {
        let upgrader = NIOTypedWebSocketServerUpgrader<Void>(
            shouldUpgrade: { channel, head in
                let (driver, token) = Self.target(head.uri)
                let isRefused = state.fault == .refusesBeforeUpgrade && !state.admits(token, to: driver)
                return channel.eventLoop.makeSucceededFuture(isRefused ? nil : HTTPHeaders())
            },
            upgradePipelineHandler: { channel, head in
                let (driver, token) = Self.target(head.uri)
                return channel.eventLoop.makeCompletedFuture {
                    let handler = DoubleSocketHandler(state: state, driver: driver, token: token)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            })
        return NIOTypedHTTPServerUpgradeConfiguration(upgraders: [upgrader]) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(DoubleRESTHandler(state: state))
            }
        }
    }

    private static func target(_ uri: String) -> (driver: Int64, token: String?) {
        let parts = uri.split(separator: "?", maxSplits: 1)
        let driver = parts[0].split(separator: "/").last.flatMap { Int64($0) } ?? 0
        let token = parts.count > 1 ? parts[1].split(separator: "=").last.map(String.init) : nil
        return (driver, token)
    }

    func stop() async {
        try? await group.shutdownGracefully()
        try? FileManager.default.removeItem(atPath: logPath)
    }
}

/// A self-signed certificate for 127.0.0.1, made by the system's `openssl`.
struct TestCertificate: Sendable {
    let certificatePath: String
    let keyPath: String

    static func make() throws -> TestCertificate {
        let folder = FileManager.default.temporaryDirectory.appending(path: "certificate-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let made = TestCertificate(
            certificatePath: folder.appending(path: "c.pem").path, keyPath: folder.appending(path: "k.pem").path)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", made.keyPath, "-out",
            made.certificatePath,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return made
    }

    func serverContext() throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile(certificatePath).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: keyPath, format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
    }
}
