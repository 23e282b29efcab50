package import NIOCore

/// Makes a server's WebSocket frames: final, unmasked, with the shortest length.
package enum FrameWriter {
    package enum Opcode: UInt8, Sendable {
        case text = 0x81
        case binary = 0x82
        case close = 0x88
        case ping = 0x89
        case pong = 0x8A
    }

    /// A whole frame around the payload.
    package static func frame(_ opcode: Opcode, _ payload: some Collection<UInt8>) -> ByteBuffer {
        var frame = header(opcode, length: payload.count)
        frame.writeBytes(payload)
        return frame
    }

    /// A whole frame around the payload.
    package static func frame(_ opcode: Opcode, buffer payload: ByteBuffer) -> ByteBuffer {
        var frame = header(opcode, length: payload.readableBytes)
        frame.writeImmutableBuffer(payload)
        return frame
    }

    /// A close frame. A reason is ASCII of at most 123 bytes.
    package static func close(code: UInt16?, reason: String = "") -> ByteBuffer {
        guard let code else { return frame(.close, []) }
        return frame(.close, [UInt8(code >> 8), UInt8(code & 0xFF)] + reason.utf8.prefix(123))
    }

    private static func header(_ opcode: Opcode, length: Int) -> ByteBuffer {
        var frame = ByteBufferAllocator().buffer(capacity: length + 10)
        frame.writeInteger(opcode.rawValue)
        if length < 126 {
            frame.writeInteger(UInt8(length))
        } else if length < 65_536 {
            frame.writeInteger(UInt8(126))
            frame.writeInteger(UInt16(length))
        } else {
            frame.writeInteger(UInt8(127))
            frame.writeInteger(UInt64(length))
        }
        return frame
    }
}
