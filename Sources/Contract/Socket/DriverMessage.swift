/// What a driver's phone says over its socket.
package enum DriverMessage: Equatable, Sendable {
    case location(LocationUpdate)
    case ping
    /// The phone has handled every event up to this number.
    case ack(sequence: Int64)
    /// A type we do not know, cut to 64 characters: harmless, answered with an error message.
    case unknown(type: String)
}

/// One reported position. Coordinates are valid; everything else is nil where the phone said nothing usable.
package struct LocationUpdate: Equatable, Sendable {
    /// Degrees north, -90 to 90.
    package var latitude: Double
    /// Degrees east, -180 to 180.
    package var longitude: Double
    /// Radius of uncertainty in metres, at least 0.
    package var accuracy: Double?
    /// Degrees clockwise from north, 0 to 360.
    package var heading: Double?
    /// As the phone sends it; the deployed app means km/h.
    package var speed: Double?
    /// Percent, 0 to 100.
    package var batteryLevel: Int?
    /// The phone's own clock, in milliseconds since 1970; never to be trusted for order.
    package var recordedAt: Int64?
    /// What the phone is working on: an order's id or a pool's, as the deployed app sends it. No reference to anything.
    package var orderID: Int64?
    /// The optional values that were present and unusable, hence nil above.
    package var rejected: RejectedFields

    package init(
        latitude: Double, longitude: Double, accuracy: Double? = nil, heading: Double? = nil, speed: Double? = nil,
        batteryLevel: Int? = nil, recordedAt: Int64? = nil, orderID: Int64? = nil, rejected: RejectedFields = []
    ) {
        self.latitude = latitude
        self.longitude = longitude
        self.accuracy = accuracy
        self.heading = heading
        self.speed = speed
        self.batteryLevel = batteryLevel
        self.recordedAt = recordedAt
        self.orderID = orderID
        self.rejected = rejected
    }
}

/// The optional parts of a position that can be refused without refusing the position.
package struct RejectedFields: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let accuracy = RejectedFields(rawValue: 1)
    package static let heading = RejectedFields(rawValue: 2)
    package static let speed = RejectedFields(rawValue: 4)
    package static let battery = RejectedFields(rawValue: 8)
    package static let timestamp = RejectedFields(rawValue: 16)

    /// The names for counters and logs, in a fixed order.
    package var names: [String] {
        let all: [(RejectedFields, String)] = [
            (.accuracy, "accuracy"), (.heading, "heading"), (.speed, "speed"), (.battery, "battery_level"),
            (.timestamp, "timestamp"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}

/// Why a message was refused. The connection stays; the phone is told ``rawValue`` as `code` and ``detail``.
package enum MessageRefusal: String, Error, CaseIterable, Sendable {
    case malformedJSON = "malformed_json"
    case notAnObject = "not_an_object"
    case missingType = "missing_type"
    case missingData = "missing_data"
    case badLatitude = "bad_latitude"
    case badLongitude = "bad_longitude"
    case badSequence = "bad_seq"

    /// One sentence for whoever reads the phone's log.
    package var detail: String {
        switch self {
        case .malformedJSON: "The message is not valid JSON."
        case .notAnObject: "The message must be a JSON object."
        case .missingType: "The message needs a string \"type\"."
        case .missingData: "The message needs an object \"data\"."
        case .badLatitude: "latitude must be a number from -90 to 90."
        case .badLongitude: "longitude must be a number from -180 to 180."
        case .badSequence: "seq must be a whole number of at least 0."
        }
    }
}

extension DriverMessage {
    /// Reads one text message.
    ///
    /// The two hot messages go through ``DriverMessageScanner``, all else through the general decoder; both agree on
    /// everything they both read. Unknown keys are ignored, unknown types returned as such.
    ///
    /// - Complexity: O(n) in the number of bytes.
    package static func decode(_ bytes: UnsafeRawBufferPointer) throws(MessageRefusal) -> DriverMessage {
        if let message = DriverMessageScanner.scan(bytes) { return message }
        return try decodeGenerally(bytes)
    }

    /// Reads one text message; see ``decode(_:)-(UnsafeRawBufferPointer)``.
    package static func decode(_ bytes: [UInt8]) throws(MessageRefusal) -> DriverMessage {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(MessageRefusal) in try decode(buffer) }
        }
        return try result.get()
    }

    /// The general decoder alone, against which the scanner is tested.
    package static func decodeGenerally(_ bytes: UnsafeRawBufferPointer) throws(MessageRefusal) -> DriverMessage {
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch { throw .malformedJSON }
        guard json.isObject else { throw .notAnObject }
        guard let type = json["type"]?.text else { throw .missingType }
        switch type {
        case "ping": return .ping
        case "ack":
            guard let sequence = (json["seq"] ?? json["data"]?["seq"])?.int64, sequence >= 0 else { throw .badSequence }
            return .ack(sequence: sequence)
        case "location_update":
            guard let data = json["data"], data.isObject else { throw .missingData }
            return .location(try LocationReadings(data).update())
        default: return .unknown(type: String(type.prefix(64)))
        }
    }
}

extension DriverMessage: JSONWritable {
    /// Writes the message as a phone would, with the seed's names.
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            switch self {
            case .ping: writer.field("type", "ping")
            case .ack(let sequence):
                writer.field("type", "ack")
                writer.field("seq", sequence)
            case .unknown(let type): writer.field("type", type)
            case .location(let update):
                writer.field("type", "location_update")
                writer.field("data", update)
            }
        }
    }
}

extension LocationUpdate: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("latitude", latitude)
            writer.field("longitude", longitude)
            writer.field("accuracy", accuracy)
            writer.field("heading", heading)
            writer.field("speed", speed)
            writer.field("battery_level", batteryLevel)
            writer.field("timestamp", milliseconds: recordedAt)
            if let orderID { writer.field("order_id", orderID) }
        }
    }
}
