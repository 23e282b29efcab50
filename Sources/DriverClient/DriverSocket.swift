import NIOCore
package import NIOWebSocket

/// One open socket in the driver's role. Sending to a socket that has ended does nothing.
package struct DriverSocket: Sendable {
    private let channel: any Channel

    init(channel: any Channel) {
        self.channel = channel
    }

    /// Sends a text frame. Returns before it is written; the order of calls is kept.
    package func send(_ text: String) {
        command(.frame(.text, channel.allocator.buffer(string: text)))
    }

    /// Sends a text frame of ready UTF-8 bytes.
    package func send(_ bytes: [UInt8]) {
        command(.frame(.text, channel.allocator.buffer(bytes: bytes)))
    }

    /// Sends a frame of any kind, also one that a well-behaved phone would not send.
    package func send(_ opcode: WebSocketOpcode, _ bytes: [UInt8]) {
        command(.frame(opcode, channel.allocator.buffer(bytes: bytes)))
    }

    /// Begins the close handshake, as an app does when its driver goes offline.
    package func close(code: UInt16 = 1000) {
        command(.close(code))
    }

    /// Ends the connection without a close frame, as a phone does that loses its network or its battery.
    package func drop() {
        channel.close(mode: .all, promise: nil)
    }

    /// Waits until the connection has ended.
    package func waitForEnd() async {
        try? await channel.closeFuture.get()
    }

    private func command(_ command: SocketCommand) {
        channel.writeAndFlush(command, promise: nil)
    }
}
