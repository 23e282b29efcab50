import Contract
package import NIOCore

/// Reads a client's WebSocket frames (RFC 6455) and checks everything the protocol asks of them: masking, reserved bits
/// and opcodes, minimal lengths, control frames, the order of fragments, UTF-8, close codes, sizes.
///
/// A pure value over the bytes received so far. After a violation it must not be used again.
package struct FrameReader {
    package enum Event: Equatable {
        /// A whole text message, known to be UTF-8.
        case text(ByteBuffer)
        case binary(ByteBuffer)
        /// A frame of a message that goes on: it says nothing yet, and costs what a frame costs.
        case fragment
        case ping(ByteBuffer)
        case pong(ByteBuffer)
        /// The client closes; nil when it gave no code.
        case close(code: UInt16?)
        case violation(CloseReason)
    }

    private enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10

        var isControl: Bool { rawValue >= 8 }
    }

    private struct Header {
        var isFinal: Bool
        var opcode: Opcode
        var length: Int
        var mask: UInt32
        var size: Int
    }

    private struct Fragments {
        var isText: Bool
        var bytes: ByteBuffer
        var validator = UTF8Validator()

        init(isText: Bool, bytes: ByteBuffer) {
            self.isText = isText
            self.bytes = bytes
        }
    }

    private let maxMessage: Int
    private let takesBinary: Bool
    private var fragments: Fragments?

    /// - Parameters:
    ///   - maxMessage: Bytes of one message, fragments together.
    ///   - takesBinary: False refuses binary messages at their first frame's header.
    package init(maxMessage: Int, takesBinary: Bool = false) {
        self.maxMessage = maxMessage
        self.takesBinary = takesBinary
    }

    /// The next event in the buffer, or nil when it needs more bytes. A message that is too big is refused at its
    /// header, so the buffer never has to hold more than `maxMessage` and one read.
    ///
    /// - Parameter scratch: Room for the unmasked payload, which the event refers to; its content before does not
    ///   matter. Reused once the event is gone, it saves an allocation and a copy of the whole read for each frame.
    /// - Complexity: O(n) in the bytes consumed.
    package mutating func next(_ buffer: inout ByteBuffer, scratch: inout ByteBuffer) -> Event? {
        let header: Header
        switch readHeader(buffer) {
        case nil: return nil
        case .failure(let reason): return .violation(reason)
        case .success(let read): header = read
        }
        guard buffer.readableBytes >= header.size + header.length else { return nil }
        buffer.moveReaderIndex(forwardBy: header.size)
        Self.unmask(buffer, header, into: &scratch)
        buffer.moveReaderIndex(forwardBy: header.length)
        return take(scratch, header)
    }

    /// The usual frame alone: a whole text message of ASCII in one frame. Undoes its mask, 32 bytes at a step, and sees
    /// on the way that no byte has its high bit set, which makes it UTF-8.
    ///
    /// - Parameters:
    ///   - start: Where the frame begins in `bytes`.
    ///   - room: Where the message is written to.
    /// - Returns: Where the frame ends, and the length of the message; nil for everything else, which
    ///   ``next(_:scratch:)`` is to judge.
    package func plainText(
        _ bytes: UnsafeRawBufferPointer, at start: Int, into room: UnsafeMutableRawBufferPointer
    ) -> (end: Int, length: Int)? {
        let waiting = bytes.count - start
        guard fragments == nil, waiting >= 6, bytes[start] == 0x81, bytes[start + 1] & 0x80 != 0 else { return nil }
        var length = Int(bytes[start + 1] & 0x7F)
        var size = 6
        if length == 126 {
            guard waiting >= 8 else { return nil }
            length = Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
            size = 8
            guard length > 125 else { return nil }
        } else if length == 127 {
            return nil
        }
        guard length <= maxMessage, length <= room.count, waiting - size >= length else { return nil }
        let payload = UnsafeRawBufferPointer(rebasing: bytes[(start + size)..<(start + size + length)])
        let mask = bytes.loadUnaligned(fromByteOffset: start + size - 4, as: UInt32.self)
        guard Self.unmask(payload, mask, into: room) else { return nil }
        return (start + size + length, length)
    }

    /// Undoes the mask; false when a byte is not ASCII.
    ///
    /// - Parameter mask: Four bytes as they lie in memory.
    private static func unmask(
        _ input: UnsafeRawBufferPointer, _ mask: UInt32, into output: UnsafeMutableRawBufferPointer
    ) -> Bool {
        let wide = UInt64(mask) << 32 | UInt64(mask)
        var seen: UInt64 = 0
        var index = 0
        @inline(__always)
        func word(_ at: Int) {
            let word = input.loadUnaligned(fromByteOffset: at, as: UInt64.self) ^ wide
            output.storeBytes(of: word, toByteOffset: at, as: UInt64.self)
            seen |= word
        }
        while index + 32 <= input.count {
            word(index)
            word(index + 8)
            word(index + 16)
            word(index + 24)
            index += 32
        }
        while index + 8 <= input.count {
            word(index)
            index += 8
        }
        while index < input.count {
            let byte = input[index] ^ UInt8(truncatingIfNeeded: mask.littleEndian >> UInt32(8 * (index & 3)))
            output[index] = byte
            seen |= UInt64(byte)
            index += 1
        }
        return seen & 0x8080_8080_8080_8080 == 0
    }

    /// The next event in the buffer, with room of its own.
    package mutating func next(_ buffer: inout ByteBuffer) -> Event? {
        var scratch = ByteBuffer()
        return next(&buffer, scratch: &scratch)
    }

    // MARK: - Headers

    private func readHeader(_ buffer: ByteBuffer) -> Result<Header, CloseReason>? {
        let start = buffer.readerIndex
        guard let word: UInt16 = buffer.getInteger(at: start) else { return nil }
        let isFinal = word & 0x8000 != 0
        guard word & 0x7000 == 0, let opcode = Opcode(rawValue: UInt8(word >> 8 & 0x0F)) else {
            return .failure(.protocolError)
        }
        guard word & 0x80 != 0 else { return .failure(.protocolError) }
        var length = Int(word & 0x7F)
        var size = 6
        if opcode.isControl, !isFinal || length > 125 { return .failure(.protocolError) }
        if let reason = orderViolation(opcode) { return .failure(reason) }
        if length == 126 {
            guard let long: UInt16 = buffer.getInteger(at: start + 2) else { return nil }
            guard long > 125 else { return .failure(.protocolError) }
            (length, size) = (Int(long), 8)
        } else if length == 127 {
            guard let long: UInt64 = buffer.getInteger(at: start + 2) else { return nil }
            guard long > 65_535, long < 1 << 63 else { return .failure(.protocolError) }
            (length, size) = (Int(long), 14)
        }
        let waiting = opcode == .continuation ? fragments?.bytes.readableBytes ?? 0 : 0
        guard length <= maxMessage - waiting || opcode.isControl else { return .failure(.messageTooBig) }
        guard let mask: UInt32 = buffer.getInteger(at: start + size - 4) else { return nil }
        return .success(Header(isFinal: isFinal, opcode: opcode, length: length, mask: mask, size: size))
    }

    private func orderViolation(_ opcode: Opcode) -> CloseReason? {
        switch opcode {
        case .continuation: fragments == nil ? .protocolError : nil
        case .text: fragments == nil ? nil : .protocolError
        case .binary: fragments != nil ? .protocolError : takesBinary ? nil : .binary
        case .close, .ping, .pong: nil
        }
    }

    /// Copies the payload that stands first in the buffer and undoes its mask, eight bytes at a step. The buffer itself
    /// is left as it is: it is shared with the channel, so that a change would copy all of it.
    private static func unmask(_ buffer: ByteBuffer, _ header: Header, into scratch: inout ByteBuffer) {
        scratch.clear()
        guard header.length > 0 else { return }
        let mask = header.mask.bigEndian
        let wide = UInt64(mask) << 32 | UInt64(mask)
        scratch.writeWithUnsafeMutableBytes(minimumWritableBytes: header.length) { output in
            buffer.withUnsafeReadableBytes { input in
                var index = 0
                while index + 8 <= header.length {
                    let word = input.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                    output.storeBytes(of: word ^ wide, toByteOffset: index, as: UInt64.self)
                    index += 8
                }
                while index < header.length {
                    output[index] = input[index] ^ UInt8(truncatingIfNeeded: mask >> UInt32(8 * (index & 3)))
                    index += 1
                }
            }
            return header.length
        }
    }

    // MARK: - Payloads

    private mutating func take(_ payload: ByteBuffer, _ header: Header) -> Event {
        switch header.opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong(payload)
        case .close: return Self.close(payload)
        case .text where header.isFinal:
            return payload.withUnsafeReadableBytes(UTF8Validator.isValid) ? .text(payload) : .violation(.invalidUTF8)
        case .binary where header.isFinal: return .binary(payload)
        case .text, .binary:
            fragments = Fragments(isText: header.opcode == .text, bytes: ByteBuffer())
            return append(payload, isFinal: false)
        case .continuation: return append(payload, isFinal: header.isFinal)
        }
    }

    private mutating func append(_ payload: ByteBuffer, isFinal: Bool) -> Event {
        guard var message = fragments.take() else { return .violation(.protocolError) }
        if message.isText, !payload.withUnsafeReadableBytes({ message.validator.consume($0) }) {
            return .violation(.invalidUTF8)
        }
        message.bytes.writeImmutableBuffer(payload)
        guard isFinal else {
            fragments = message
            return .fragment
        }
        guard message.isText else { return .binary(message.bytes) }
        return message.validator.isComplete ? .text(message.bytes) : .violation(.invalidUTF8)
    }

    private static func close(_ payload: ByteBuffer) -> Event {
        var payload = payload
        guard payload.readableBytes > 0 else { return .close(code: nil) }
        guard let code: UInt16 = payload.readInteger() else { return .violation(.protocolError) }
        // 1004 to 1006 and 1015 are never sent; 1016 to 2999 are not defined (IANA's registry of close codes).
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: return .violation(.protocolError)
        }
        let isText = payload.withUnsafeReadableBytes(UTF8Validator.isValid)
        return isText ? .close(code: code) : .violation(.invalidUTF8)
    }
}
