/// The values of a position as they were read, before the rules for each are applied. Both readers fill one of these,
/// so that the rules exist once.
struct LocationReadings {
    static let latitudes = -90.0...90.0
    static let longitudes = -180.0...180.0

    enum Reading {
        case absent
        case number(Double)
        case unusable
    }

    var latitude = Reading.absent
    var longitude = Reading.absent
    var lat = Reading.absent
    var lng = Reading.absent
    var accuracy = Reading.absent
    var heading = Reading.absent
    var speed = Reading.absent
    var battery = Reading.absent
    /// Milliseconds since 1970.
    var timestamp = Reading.absent
    var orderID: Int64?

    init() {}

    init(_ data: JSON) {
        latitude = Reading(data["latitude"])
        longitude = Reading(data["longitude"])
        lat = Reading(data["lat"])
        lng = Reading(data["lng"])
        accuracy = Reading(data["accuracy"])
        heading = Reading(data["heading"])
        speed = Reading(data["speed"])
        battery = Reading(data["battery_level"])
        timestamp =
            if let text = data["timestamp"]?.text { Reading(time: WireTime.parse(text)) } else {
                Reading(data["timestamp"]).asEpoch
            }
        orderID = data["order_id"]?.identifier
    }

    /// Applies the rules: a bad coordinate refuses the position, any other bad value becomes nil and is reported.
    func update() throws(MessageRefusal) -> LocationUpdate {
        guard let latitude = (latitude.isAbsent ? lat : latitude).value(in: Self.latitudes) else { throw .badLatitude }
        guard let longitude = (longitude.isAbsent ? lng : longitude).value(in: Self.longitudes)
        else { throw .badLongitude }
        var update = LocationUpdate(latitude: latitude, longitude: longitude)
        update.orderID = orderID
        update.accuracy = accuracy.accuracy(&update.rejected)
        update.heading = heading.heading(&update.rejected)
        update.speed = speed.speed(&update.rejected)
        update.batteryLevel = battery.battery(&update.rejected)
        update.recordedAt = timestamp.time(&update.rejected)
        return update
    }
}

extension LocationReadings.Reading {
    init(_ json: JSON?) {
        switch json {
        case nil, .null: self = .absent
        case .number(let number): self = .number(number.double)
        case .bool, .string, .array, .object: self = .unusable
        }
    }

    /// Milliseconds of the years 1 to 9999 are exact in a double.
    init(time: Int64?) {
        self = time.map { .number(Double($0)) } ?? .unusable
    }

    /// A time given as a number: seconds since 1970, or milliseconds from 10^11 on (as seconds that would be the year
    /// 5138).
    var asEpoch: Self {
        guard case .number(let value) = self else { return self }
        guard value >= 0, value < 1e14 else { return .unusable }
        return .number((value < 1e11 ? value * 1000 : value).rounded())
    }

    var isAbsent: Bool {
        if case .absent = self { true } else { false }
    }

    func value(in range: ClosedRange<Double>) -> Double? {
        guard case .number(let value) = self, range.contains(value) else { return nil }
        return value
    }

    @inline(__always)
    func accuracy(_ rejected: inout RejectedFields) -> Double? {
        measure(upTo: 1_000_000, field: .accuracy, &rejected)
    }

    @inline(__always)
    func heading(_ rejected: inout RejectedFields) -> Double? { measure(upTo: 360, field: .heading, &rejected) }

    @inline(__always)
    func speed(_ rejected: inout RejectedFields) -> Double? { measure(upTo: 2000, field: .speed, &rejected) }

    @inline(__always)
    func battery(_ rejected: inout RejectedFields) -> Int? {
        measure(upTo: 100, field: .battery, &rejected).map { Int($0.rounded()) }
    }

    /// Milliseconds since 1970.
    @inline(__always)
    func time(_ rejected: inout RejectedFields) -> Int64? {
        switch self {
        case .absent: return nil
        case .number(let milliseconds): return Int64(milliseconds)
        case .unusable:
            rejected.insert(.timestamp)
            return nil
        }
    }

    /// A value from 0 to `limit`. Phones say -1 for "unknown" (iOS for heading and speed), which is not an error.
    @inline(__always)
    private func measure(upTo limit: Double, field: RejectedFields, _ rejected: inout RejectedFields) -> Double? {
        switch self {
        case .absent: return nil
        case .number(let value) where value >= 0 && value <= limit: return value
        case .number(let value) where value == -1: return nil
        case .number, .unusable:
            rejected.insert(field)
            return nil
        }
    }
}
