import NIOCore
import NIOPosix

/// A raw socket in the driver's role that sends pings without end and never reads an answer.
struct SlowReader: Sendable {
    private let channel: any Channel

    /// - Parameter count: So many of the drivers, the last ones.
    static func connect(_ stage: ChaosStage, _ count: Int) async throws -> [SlowReader] {
        var readers: [SlowReader] = []
        for driver in stage.drivers.suffix(count) {
            let channel = try await ClientBootstrap(group: stage.group)
                .channelOption(.autoRead, value: false)
                .channelOption(.socketOption(.so_rcvbuf), value: 4096)
                .connect(host: "127.0.0.1", port: stage.port).get()
            let head = """
                GET /api/v1/ws/driver/\(driver.id)?token=\(driver.token) HTTP/1.1\r
                Host: 127.0.0.1\r
                Upgrade: websocket\r
                Connection: Upgrade\r
                Sec-WebSocket-Version: 13\r
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
                \r\n
                """
            try await channel.writeAndFlush(channel.allocator.buffer(string: head)).get()
            readers.append(SlowReader(channel: channel))
        }
        return readers
    }

    /// Sends so many app pings, a masked text frame each, as fast as the server takes them.
    func flood(frames: Int) {
        let text = Array(#"{"type":"ping"}"#.utf8)
        let frame = [0x81, 0x80 | UInt8(text.count), 0, 0, 0, 0] + text
        var bytes = channel.allocator.buffer(capacity: frame.count * frames)
        for _ in 0..<frames { bytes.writeBytes(frame) }
        channel.writeAndFlush(bytes, promise: nil)
    }

    func drop() { channel.close(promise: nil) }
}
