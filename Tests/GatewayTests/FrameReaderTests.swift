import DispatchCore
import Gateway
import NIOCore
import Testing

@Suite struct FrameReaderTests {
    /// A client's frame, masked unless told otherwise.
    static func frame(
        _ first: UInt8, _ payload: [UInt8], mask: [UInt8]? = [1, 2, 3, 4], length: [UInt8]? = nil
    ) -> [UInt8] {
        var bytes = [first]
        let masked: UInt8 = mask == nil ? 0 : 0x80
        if let length {
            bytes += [masked | length[0]] + length.dropFirst()
        } else if payload.count < 126 {
            bytes.append(masked | UInt8(payload.count))
        } else {
            bytes += [masked | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        }
        if let mask { bytes += mask }
        return bytes + payload.enumerated().map { index, byte in byte ^ (mask?[index % 4] ?? 0) }
    }

    private func events(_ bytes: [UInt8], chunk: Int = .max, binary: Bool = false) -> [FrameReader.Event] {
        var reader = FrameReader(maxMessage: 1000, takesBinary: binary)
        var buffer = ByteBuffer()
        var events: [FrameReader.Event] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            buffer.writeBytes(rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
            while let event = reader.next(&buffer) {
                if event != .fragment { events.append(event) }
                if case .violation = event { return events }
            }
        }
        return events
    }

    private func text(_ string: String) -> FrameReader.Event { .text(ByteBuffer(string: string)) }

    @Test(arguments: [1, 2, 3, 7, Int.max])
    func framesAreReadInPiecesOfAnySize(chunk: Int) {
        let long = String(repeating: "ä", count: 200)
        let bytes =
            Self.frame(0x81, Array("hello".utf8)) + Self.frame(0x89, [1, 2]) + Self.frame(0x81, Array(long.utf8))
        #expect(events(bytes, chunk: chunk) == [text("hello"), .ping(ByteBuffer(bytes: [1, 2])), text(long)])
    }

    /// What the short way takes, the whole reader takes for the same message; what it leaves changes nothing.
    @Test(arguments: [UInt64(1), 2, 3])
    func theShortWayAgreesWithTheWholeReader(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 300, alignment: 8)
        defer { room.deallocate() }
        var taken = 0
        for _ in 0..<4000 {
            let length = [0, 3, 7, 8, 31, 40, 125, 126, 190, 300, 301].randomElement(using: &random) ?? 0
            var payload = (0..<length).map { _ in UInt8.random(in: 0..<128, using: &random) }
            if length > 0, Int.random(in: 0..<4, using: &random) == 0 {
                payload[Int.random(in: 0..<length, using: &random)] |= 0x80
            }
            let first: UInt8 = [0x81, 0x81, 0x81, 0x01, 0x80, 0x82, 0x89, 0xC1].randomElement(using: &random) ?? 0x81
            let mask = (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
            var bytes: [UInt8] = [9] + Self.frame(first, payload, mask: mask)
            if Bool.random(using: &random) { bytes += Self.frame(0x81, [65]) }
            if Int.random(in: 0..<8, using: &random) == 0 {
                bytes[Int.random(in: 1...min(8, bytes.count - 1), using: &random)] ^=
                    1 << UInt8.random(in: 0..<8, using: &random)
            }
            if Int.random(in: 0..<8, using: &random) == 0 {
                bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
            }
            var reader = FrameReader(maxMessage: 310)
            guard let frame = bytes.withUnsafeBytes({ reader.plainText($0, at: 1, into: room) }) else { continue }
            taken += 1
            var buffer = ByteBuffer(bytes: bytes.dropFirst())
            #expect(reader.next(&buffer) == .text(ByteBuffer(bytes: room[..<frame.length])))
            #expect(buffer.readableBytes == bytes.count - frame.end)
        }
        #expect(taken > 500, "\(taken)")
    }

    @Test func theShortWayWaitsForTheEndOfAFragmentedMessage() {
        var reader = FrameReader(maxMessage: 100)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 8)
        defer { room.deallocate() }
        var buffer = ByteBuffer(bytes: Self.frame(0x01, [65]))
        _ = reader.next(&buffer)
        #expect(Self.frame(0x81, [65]).withUnsafeBytes { reader.plainText($0, at: 0, into: room) } == nil)
    }

    @Test func fragmentsAreJoinedAroundControlFrames() {
        let bytes =
            Self.frame(0x01, Array("one ".utf8)) + Self.frame(0x8A, []) + Self.frame(0x00, [])
            + Self.frame(0x80, Array("two".utf8))
        #expect(events(bytes, chunk: 1) == [.pong(ByteBuffer()), text("one two")])
    }

    @Test func aFragmentThatSaysNothingYetIsAFrameAllTheSame() {
        var reader = FrameReader(maxMessage: 1000)
        var buffer = ByteBuffer(bytes: Self.frame(0x01, []) + Self.frame(0x00, []) + Self.frame(0x80, []))
        #expect(reader.next(&buffer) == .fragment)
        #expect(reader.next(&buffer) == .fragment)
        #expect(reader.next(&buffer) == text(""))
    }

    @Test func aCharacterMaySpanFragments() {
        let euro = Array("€".utf8)
        #expect(events(Self.frame(0x01, [euro[0]]) + Self.frame(0x80, [euro[1], euro[2]])) == [text("€")])
    }

    static let violations: [(String, [UInt8], CloseReason)] = [
        ("an unmasked frame", frame(0x81, [65], mask: nil), .protocolError),
        ("a reserved bit", frame(0xC1, [65]), .protocolError),
        ("a reserved data opcode", frame(0x83, []), .protocolError),
        ("a reserved control opcode", frame(0x8B, []), .protocolError),
        ("a fragmented control frame", frame(0x09, []), .protocolError),
        ("a control frame of 126 bytes", frame(0x89, [UInt8](repeating: 0, count: 126)), .protocolError),
        ("a continuation of nothing", frame(0x80, [65]), .protocolError),
        ("a text inside a text", frame(0x01, [65]) + frame(0x81, [66]), .protocolError),
        ("a length that is not minimal in 16 bits", frame(0x81, [65], length: [126, 0, 1]), .protocolError),
        (
            "a length that is not minimal in 64 bits", frame(0x81, [65], length: [127, 0, 0, 0, 0, 0, 0, 1, 0]),
            .protocolError
        ),
        (
            "a length with its highest bit set", frame(0x81, [], length: [127, 128, 0, 0, 0, 0, 0, 0, 0]),
            .protocolError
        ),
        ("a binary message", frame(0x82, [1]), .binary),
        ("a message over the limit", frame(0x81, [UInt8](repeating: 65, count: 1001)), .messageTooBig),
        (
            "fragments over the limit",
            frame(0x01, [UInt8](repeating: 65, count: 900)) + frame(0x80, [UInt8](repeating: 65, count: 101)),
            .messageTooBig
        ),
        ("invalid UTF-8", frame(0x81, [0xFF]), .invalidUTF8),
        ("invalid UTF-8 in a first fragment", frame(0x01, [0xC0, 0x80]), .invalidUTF8),
        ("a character cut off at the end", frame(0x81, [0xE2, 0x82]), .invalidUTF8),
        ("a close of one byte", frame(0x88, [3]), .protocolError),
        ("a close with code 1005", frame(0x88, [3, 0xED]), .protocolError),
        ("a close with code 2999", frame(0x88, [0x0B, 0xB7]), .protocolError),
        ("a close with a bad reason", frame(0x88, [3, 0xE8, 0xFF]), .invalidUTF8),
    ]

    @Test(arguments: violations)
    func aViolationIsFoundAndNamed(name: String, bytes: [UInt8], reason: CloseReason) {
        #expect(events(bytes).last == .violation(reason), "\(name)")
        #expect(events(bytes, chunk: 1).last == .violation(reason), "\(name), byte by byte")
    }

    @Test func aTooBigMessageIsRefusedBeforeItHasArrived() {
        var reader = FrameReader(maxMessage: 1000)
        var buffer = ByteBuffer(bytes: [0x81, 0xFF, 0, 0, 0, 0, 0xFF, 0, 0, 0])
        #expect(reader.next(&buffer) == .violation(.messageTooBig))
    }

    @Test(arguments: [(1000, true), (1001, false)])
    func theLimitItselfIsAllowed(count: Int, isRead: Bool) {
        let bytes = Self.frame(0x81, [UInt8](repeating: 65, count: count))
        #expect((events(bytes).first == .violation(.messageTooBig)) == !isRead)
    }

    @Test(arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 3000, 4999])
    func aClosesCodeIsRead(code: UInt16) {
        let bytes = Self.frame(0x88, [UInt8(code >> 8), UInt8(code & 255)] + Array("bye".utf8))
        #expect(events(bytes) == [.close(code: code)])
    }

    @Test func aCloseMayBeEmptyAndBinaryMayBeTaken() {
        #expect(events(Self.frame(0x88, [])) == [.close(code: nil)])
        #expect(events(Self.frame(0x82, [9]), binary: true) == [.binary(ByteBuffer(bytes: [9]))])
    }

    @Test(arguments: [0, 125, 126, 65_535, 65_536])
    func aServersFrameHasTheShortestLength(count: Int) {
        let frame = FrameWriter.frame(.text, [UInt8](repeating: 65, count: count))
        let header = count < 126 ? 2 : count < 65_536 ? 4 : 10
        #expect(frame.readableBytes == count + header)
        #expect(frame.getBytes(at: 0, length: 1) == [0x81])
    }
}
