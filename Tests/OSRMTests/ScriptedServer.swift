import Foundation
import Glibc
import Synchronization

/// An HTTP server on loopback that answers each request as the script says, one connection after the other, and remembers
/// what it was asked. A thread with plain sockets, so that it can also misbehave.
final class ScriptedServer: Sendable {
    enum Reply: Sendable {
        case answer(Int, String)
        /// Promises more than it sends and keeps the connection.
        case half
        /// Never answers.
        case silence
        case hangUp
    }

    struct Refused: Error {}

    let address: String
    private let listener: Int32
    private let log = Mutex<[String]>([])

    var requests: [String] { log.withLock { $0 } }

    init(_ script: [Reply]) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                bind(descriptor, place, size) | listen(descriptor, 16) | getsockname(descriptor, place, &size)
            }
        }
        guard descriptor >= 0, status == 0 else { throw Refused() }
        listener = descriptor
        self.address = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        let thread = Thread { [weak self] in ScriptedServer.serve(descriptor, script) { line in self?.note(line) } }
        thread.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func note(_ line: String) {
        log.withLock { $0.append(line) }
    }

    private static func serve(_ listener: Int32, _ script: [Reply], note: (String) -> Void) {
        var kept: [Int32] = []
        for reply in script {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            note(readRequestLine(connection))
            switch reply {
            case .answer(let status, let body):
                let text =
                    "HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
                send(text, to: connection)
                close(connection)
            case .half:
                send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"code\":\"Ok\",", to: connection)
                kept.append(connection)
            case .silence: kept.append(connection)
            case .hangUp: close(connection)
            }
        }
        // Connections that misbehave stay open until the listener goes.
        _ = accept(listener, nil, nil)
        for connection in kept { close(connection) }
    }

    private static func readRequestLine(_ connection: Int32) -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !text.contains("\r\n\r\n") {
            let count = read(connection, &buffer, buffer.count)
            guard count > 0 else { break }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return String(text.prefix { $0 != "\r" && $0 != "\r\n" })
    }

    private static func send(_ text: String, to connection: Int32) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
}
