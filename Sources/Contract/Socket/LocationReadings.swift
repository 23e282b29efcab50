/// The values of a position as they were read, before the rules for each are applied. Both readers fill one of these,
/// so that the rules exist once.
struct LocationReadings {
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
        guard let latitude = (latitude.isAbsent ? lat : latitude).value(in: -90...90) else { throw .badLatitude }
        guard let longitude = (longitude.isAbsent ? lng : longitude).value(in: -180...180) else { throw .badLongitude }
        var update = LocationUpdate(latitude: latitude, longitude: longitude)
        update.orderID = orderID
        update.accuracy = accuracy.measure(upTo: 1_000_000, field: .accuracy, &update.rejected)
        update.heading = heading.measure(upTo: 360, field: .heading, &update.rejected)
        update.speed = speed.measure(upTo: 2000, field: .speed, &update.rejected)
        update.batteryLevel = battery.measure(upTo: 100, field: .battery, &update.rejected).map { Int($0.rounded()) }
        switch timestamp {
        case .absent: break
        case .unusable: update.rejected.insert(.timestamp)
        case .number(let milliseconds): update.recordedAt = Int64(milliseconds)
        }
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

    /// A value from 0 to `limit`. Phones say -1 for "unknown" (iOS for heading and speed), which is not an error.
    func measure(upTo limit: Double, field: RejectedFields, _ rejected: inout RejectedFields) -> Double? {
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
