import Contract
import NIOCore

/// The first byte chooses the pieces in which the rest arrives; whole or in pieces, the events must be the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFrames(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let first = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    let whole = events(in: [bytes[...]])
    let size = Int(first % 32) + 1
    let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
    precondition(whole == events(in: pieces), "pieces of \(size) bytes are read otherwise")
    route(bytes)
    return 0
}

private let limit = 200

private func events(in pieces: [ArraySlice<UInt8>]) -> [FrameReader.Event] {
    var reader = FrameReader(maxMessage: limit, takesBinary: true)
    var buffer = ByteBuffer()
    var events: [FrameReader.Event] = []
    for piece in pieces {
        buffer.writeBytes(piece)
        while let event = reader.next(&buffer) {
            events.append(event)
            switch event {
            case .violation: return events
            case .text(let text):
                precondition(String(validating: text.readableBytesView, as: UTF8.self) != nil, "text that is no UTF-8")
                precondition(text.readableBytes <= limit, "a message over the limit")
            case .binary(let message): precondition(message.readableBytes <= limit, "a message over the limit")
            case .ping(let payload), .pong(let payload): precondition(payload.readableBytes <= 125)
            case .close, .fragment: break
            }
        }
        precondition(buffer.readableBytes <= limit + 14 + piece.count, "more is kept than a message and a read")
    }
    return events
}

/// Any text as a request's line and as its header.
private func route(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    let route = SocketRoute(uri: "/api/v1/ws/driver/" + text, authorization: text)
    _ = SocketRoute(uri: text, authorization: nil)
    if let token = route?.token, token.utf8.count > 3 {
        precondition(route.map { !"\($0)".contains(token) } ?? true, "a route's description holds its token")
    }
}
