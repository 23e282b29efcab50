import Contract

/// Every reader of text, on the same bytes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMessages(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    decode(bytes)
    readInTurn(bytes)
    if let json = try? JSON(parsing: bytes) {
        var writer = JSONWriter()
        writer.value(json)
        let again = try? JSON(parsing: writer.bytes)
        precondition(again.map { isSame(json, $0) } ?? false, "written JSON reads back otherwise")
    }
    if case .object(let members)? = try? FormBody.parse(Array(bytes)) {
        precondition(members.count <= count + 1)
    }
    _ = WireTime.parse(bytes)
    return 0
}

/// The scanner may be silent, but where it speaks it says what the general decoder says.
private func decode(_ bytes: UnsafeRawBufferPointer) {
    let scanned = DriverMessageScanner.scan(bytes)
    let decoded = Result { () throws(MessageRefusal) in try DriverMessage.decodeGenerally(bytes) }
    guard let scanned else { return }
    precondition((try? decoded.get()) == scanned, "the scanner and the decoder disagree")
    if case .location(let update) = scanned {
        precondition((-90...90).contains(update.latitude) && (-180...180).contains(update.longitude))
    }
}

/// The lines of the input, one after the other, through a reader that remembers: it may be silent, but where it
/// speaks it says what the general decoder says.
private func readInTurn(_ bytes: UnsafeRawBufferPointer) {
    var reader = HotMessageReader()
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
        let message = UnsafeRawBufferPointer(rebasing: line)
        if let update = reader.location(message) {
            precondition(
                (try? DriverMessage.decodeGenerally(message)) == .location(update),
                "the reader that remembers and the decoder disagree")
        }
        if HotMessageReader.isPing(message) {
            precondition((try? DriverMessage.decodeGenerally(message)) == .ping, "no ping")
        }
    }
}

private func isSame(_ read: JSON, _ again: JSON) -> Bool {
    switch (read, again) {
    case (.null, .null): true
    case (.bool(let one), .bool(let other)): one == other
    case (.string(let one), .string(let other)): Array(one.utf8) == Array(other.utf8)
    case (.number(let one), .number(let other)): one.double == other.double
    // JSON has no infinity: a number beyond all bounds is written as null.
    case (.number(let one), .null): !one.double.isFinite
    case (.array(let ones), .array(let others)):
        ones.count == others.count && zip(ones, others).allSatisfy { isSame($0, $1) }
    case (.object(let members), .object(let others)):
        members.count == others.count
            && zip(members, others).allSatisfy { member, other in
                isSame(.string(member.key), .string(other.key)) && isSame(member.value, other.value)
            }
    default: false
    }
}
