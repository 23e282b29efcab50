import NIOCertificateReloading
import NIOCore
package import NIOSSL

/// The certificate that the server shows, read anew when its files change: a renewal needs no restart, and open sockets
/// stay open. Files that cannot be used, or whose key belongs to another certificate, leave the last good pair in use.
package struct DoorCertificate: Sendable {
    /// Renewals are rare and overlap by weeks.
    static let readEvery = Duration.seconds(30)

    /// TLS 1.2 at least, with forward secrecy and authenticated encryption; every handshake asks for the newest pair.
    package let configuration: TLSConfiguration
    private let reloader: TimedCertificateReloader

    /// - Parameters:
    ///   - certificate: PEM file of the chain, the server's own certificate first.
    ///   - key: PEM file of its private key.
    /// - Throws: ``ConfigurationError`` when the files cannot be used.
    package init(certificate: String, key: String) throws {
        reloader = TimedCertificateReloader(
            refreshInterval: Self.readEvery,
            certificateSource: .init(location: .file(path: certificate), format: .pem),
            privateKeySource: .init(location: .file(path: key), format: .pem))
        do {
            try reloader.reload()
            var configuration = try TLSConfiguration.makeServerConfiguration(certificateReloader: reloader)
            configuration.minimumTLSVersion = .tlsv12
            // For TLS 1.2: forward secrecy and authenticated encryption only, as every suite of TLS 1.3 has them.
            configuration.cipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20"
            // A client that has gone without a word never answers our end of the session.
            configuration.shutdownTimeout = .seconds(1)
            self.configuration = configuration
        } catch {
            throw ConfigurationError(
                "the certificate \(certificate) or its key \(key) cannot be used; both must be PEM files of one pair")
        }
    }

    /// Takes the files as they are now.
    ///
    /// - Throws: Why they cannot be used; the last good pair stays.
    package func reload() throws {
        try reloader.reload()
    }
}
