/// A position's message as one phone writes it: the bytes that stay the same from one message to the next, and between
/// them the places of the values. A phone repeats its keys and its punctuation all day, so that reading the next
/// message is comparing eight bytes at a step and reading the numbers.
///
/// It reads only what ``DriverMessageScanner`` would read to the same result, and says nil to all else: a value in
/// another form, a key more, other white space.
package struct LocationSkeleton {
    /// A value that may differ from message to message.
    enum Slot: UInt8 {
        case latitude, longitude, accuracy, heading, speed, battery, orderID
        /// A number: seconds or milliseconds since 1970.
        case epoch
        /// `2026-01-01T10:30:00Z`, or with three decimals.
        case wholeSecond, millisecond
        /// No value: the message ends here.
        case end
    }

    /// Bytes that must stand here as they are, and the value behind them.
    private struct Step {
        var count: Int
        var slot: Slot
    }

    /// All steps' bytes, one behind the other.
    private var literal: [UInt8] = []
    private var steps: [Step] = []
    /// What the message says outside of the slots.
    private var base: LocationUpdate
    private var day = WireTime.KnownDay()

    /// What the message looks like; nil for one that is not read by the scanner, or whose values depend on each other.
    package init?(of bytes: UnsafeRawBufferPointer) {
        guard let (update, values) = DriverMessageScanner.locationWithValues(bytes) else { return nil }
        base = update
        var start = 0
        for value in values {
            guard let slot = Self.slot(of: value, in: bytes) else { continue }
            literal += bytes[start..<value.start]
            steps.append(Step(count: value.start - start, slot: slot))
            start = value.end
            base.forget(slot)
        }
        literal += bytes[start...]
        steps.append(Step(count: bytes.count - start, slot: .end))
        guard read(bytes) == update else { return nil }
    }

    private static func slot(of value: ScannedValue, in bytes: UnsafeRawBufferPointer) -> Slot? {
        switch value.field {
        case .latitude, .lat: return value.isNumber ? .latitude : nil
        case .longitude, .lng: return value.isNumber ? .longitude : nil
        case .accuracy: return value.isNumber ? .accuracy : nil
        case .heading: return value.isNumber ? .heading : nil
        case .speed: return value.isNumber ? .speed : nil
        case .battery: return value.isNumber ? .battery : nil
        case .orderID: return value.isNumber ? .orderID : nil
        case .timestamp:
            if value.isNumber { return .epoch }
            let text = UnsafeRawBufferPointer(rebasing: bytes[value.start..<value.end])
            var day = WireTime.KnownDay()
            if text.count == 20, WireTime.utc(text, millisecond: false, &day) != nil { return .wholeSecond }
            if text.count == 24, WireTime.utc(text, millisecond: true, &day) != nil { return .millisecond }
            return nil
        }
    }

    /// The position, when the message differs from the one that this was made of in its values alone.
    ///
    /// - Complexity: O(n)
    package mutating func read(_ bytes: UnsafeRawBufferPointer) -> LocationUpdate? {
        var day = day
        defer { self.day = day }
        return literal.withUnsafeBytes { literal in
            steps.withUnsafeBufferPointer { steps in
                var update = base
                var (index, known) = (0, 0)
                for step in steps {
                    guard Self.areSame(bytes, index, literal, known, step.count) else { return nil }
                    index += step.count
                    known += step.count
                    guard Self.take(step.slot, bytes, &index, &update, &day) else { return nil }
                }
                return index == bytes.count ? update : nil
            }
        }
    }

    @inline(__always)
    private static func take(
        _ slot: Slot, _ bytes: UnsafeRawBufferPointer, _ index: inout Int, _ update: inout LocationUpdate,
        _ day: inout WireTime.KnownDay
    ) -> Bool {
        switch slot {
        case .end: return true
        case .wholeSecond, .millisecond:
            let end = index + (slot == .millisecond ? 24 : 20)
            guard end <= bytes.count else { return false }
            let text = UnsafeRawBufferPointer(rebasing: bytes[index..<end])
            guard let time = WireTime.utc(text, millisecond: slot == .millisecond, &day) else { return false }
            update.recordedAt = time
            index = end
            return true
        case .orderID:
            guard let number = PlainNumber(bytes, &index), number.fraction == 0, !number.hasPoint else { return false }
            update.orderID = number.isNegative ? -Int64(number.mantissa) : Int64(number.mantissa)
            return true
        default:
            guard let number = PlainNumber(bytes, &index) else { return false }
            return update.set(slot, number.double)
        }
    }

    /// Whether `count` bytes are the same here and there.
    @inline(__always)
    private static func areSame(
        _ bytes: UnsafeRawBufferPointer, _ index: Int, _ literal: UnsafeRawBufferPointer, _ known: Int, _ count: Int
    ) -> Bool {
        guard bytes.count - index >= count else { return false }
        @inline(__always)
        func word<Word: FixedWidthInteger & BitwiseCopyable>(_ at: Int, _ type: Word.Type) -> Bool {
            bytes.loadUnaligned(fromByteOffset: index + at, as: type)
                == literal.loadUnaligned(fromByteOffset: known + at, as: type)
        }
        var at = 0
        while at + 8 <= count {
            guard word(at, UInt64.self) else { return false }
            at += 8
        }
        if at == count { return true }
        // The last bytes together with some that have been compared already.
        if count >= 8 { return word(count - 8, UInt64.self) }
        if count >= 4 { return word(0, UInt32.self) && word(count - 4, UInt32.self) }
        while at < count {
            guard bytes[index + at] == literal[known + at] else { return false }
            at += 1
        }
        return true
    }
}

extension LocationUpdate {
    /// Takes the value of a slot, by the rules of ``LocationReadings``; false when the position is to be refused.
    @inline(__always)
    fileprivate mutating func set(_ slot: LocationSkeleton.Slot, _ value: Double) -> Bool {
        let reading = LocationReadings.Reading.number(value)
        switch slot {
        case .latitude:
            guard let degrees = reading.value(in: LocationReadings.latitudes) else { return false }
            latitude = degrees
        case .longitude:
            guard let degrees = reading.value(in: LocationReadings.longitudes) else { return false }
            longitude = degrees
        case .accuracy: accuracy = reading.accuracy(&rejected)
        case .heading: heading = reading.heading(&rejected)
        case .speed: speed = reading.speed(&rejected)
        case .battery: batteryLevel = reading.battery(&rejected)
        case .epoch: recordedAt = reading.asEpoch.time(&rejected)
        case .orderID, .wholeSecond, .millisecond, .end: return false
        }
        return true
    }

    /// Empties what a slot will fill.
    fileprivate mutating func forget(_ slot: LocationSkeleton.Slot) {
        switch slot {
        case .latitude, .longitude, .end: break
        case .accuracy:
            accuracy = nil
            rejected.remove(.accuracy)
        case .heading:
            heading = nil
            rejected.remove(.heading)
        case .speed:
            speed = nil
            rejected.remove(.speed)
        case .battery:
            batteryLevel = nil
            rejected.remove(.battery)
        case .orderID: orderID = nil
        case .epoch, .wholeSecond, .millisecond:
            recordedAt = nil
            rejected.remove(.timestamp)
        }
    }
}
