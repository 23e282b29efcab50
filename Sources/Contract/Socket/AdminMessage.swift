/// What the server says over an admin's socket.
package enum AdminMessage: Equatable, Sendable {
    case connectionAck(serverTime: Int64)
    case pong
    case driverLocation(DriverLocationMessage)
    case orderUpdate(OrderUpdateMessage)
    /// Several changes at once, or nothing to tell but "look again".
    case orderStatusUpdate
    case driverStatusUpdate
    /// A driver crossed the border of a zone, arrived at a stop, or left it. The deployed console passes over it.
    case driverPresence(PresenceObject)
    /// An alarm: so many assignments are not known to their drivers after a minute; 0 ends it. The deployed console
    /// passes over it.
    case assignmentsUndelivered(count: Int)
    /// A driver who gives no sign of life has an order that only an admin may move.
    case driverLost(DriverLostMessage)
}

/// Where a driver is, for the map.
package struct DriverLocationMessage: Equatable, Sendable {
    package var driverID: Int64
    package var point: WirePoint
    /// `ONLINE`, `IN_TRANSIT` or `OFFLINE`.
    package var status: String
    package var speed: Double?
    package var heading: Double?
    package var batteryLevel: Int?
    /// Milliseconds since 1970, by the server's clock.
    package var at: Int64

    package init(
        driverID: Int64, point: WirePoint, status: String, speed: Double? = nil, heading: Double? = nil,
        batteryLevel: Int? = nil, at: Int64
    ) {
        self.driverID = driverID
        self.point = point
        self.status = status
        self.speed = speed
        self.heading = heading
        self.batteryLevel = batteryLevel
        self.at = at
    }
}

/// A lost driver and one of his orders.
package struct DriverLostMessage: Equatable, Sendable {
    package var driverID: Int64
    package var orderID: Int64
    package var status: String
    /// Milliseconds since 1970.
    package var lastSeenAt: Int64

    package init(driverID: Int64, orderID: Int64, status: String, lastSeenAt: Int64) {
        self.driverID = driverID
        self.orderID = orderID
        self.status = status
        self.lastSeenAt = lastSeenAt
    }
}

/// An order changed its state.
package struct OrderUpdateMessage: Equatable, Sendable {
    package var orderID: Int64
    package var status: String
    package var driverName: String?

    package init(orderID: Int64, status: String, driverName: String?) {
        self.orderID = orderID
        self.status = status
        self.driverName = driverName
    }
}

extension AdminMessage: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            switch self {
            case .pong: writer.field("type", "pong")
            case .orderStatusUpdate:
                writer.field("type", "order_status_update")
                writer.key("data")
                writer.object { _ in }
            case .driverStatusUpdate:
                writer.field("type", "driver_status_update")
                writer.key("data")
                writer.object { _ in }
            case .connectionAck(let serverTime):
                writer.field("type", "connection_ack")
                writer.key("data")
                writer.object { $0.field("server_time", milliseconds: serverTime) }
            case .driverLocation(let location):
                writer.field("type", "driver_location")
                writer.field("data", location)
            case .orderUpdate(let update):
                writer.field("type", "order_update")
                writer.field("data", update)
            case .driverPresence(let presence):
                writer.field("type", "driver_presence")
                writer.field("data", presence)
            case .assignmentsUndelivered(let count):
                writer.field("type", "assignments_undelivered")
                writer.key("data")
                writer.object { $0.field("count", count) }
            case .driverLost(let lost):
                writer.field("type", "driver_lost")
                writer.field("data", lost)
            }
        }
    }
}

extension DriverLocationMessage: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("driver_id", driverID)
            writer.field("lat", point.latitude)
            writer.field("lng", point.longitude)
            writer.field("status", status)
            writer.field("speed", speed)
            // The map turns its mark by this number; straight up where nobody knows.
            writer.field("heading", heading ?? 0)
            writer.field("battery_level", batteryLevel)
            writer.field("timestamp", milliseconds: at)
        }
    }
}

extension DriverLostMessage: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("driver_id", driverID)
            writer.field("order_id", orderID)
            writer.field("status", status)
            writer.field("last_seen_at", milliseconds: lastSeenAt)
        }
    }
}

extension OrderUpdateMessage: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("order_id", orderID)
            writer.field("status", status)
            writer.field("driver_name", driverName)
        }
    }
}

extension AdminMessage {
    /// Reads a message as the console does; nil when it is none of the contract.
    package init?(json: JSON) {
        let data = json["data"] ?? .null
        switch json["type"]?.text {
        case "pong": self = .pong
        case "order_status_update": self = .orderStatusUpdate
        case "driver_status_update": self = .driverStatusUpdate
        case "connection_ack":
            self = .connectionAck(serverTime: data["server_time"]?.text.flatMap(WireTime.parse) ?? 0)
        case "driver_location", "location_update":
            guard let driverID = data["driver_id"]?.identifier,
                let point = WirePoint(data, latitude: "lat", longitude: "lng")
            else { return nil }
            self = .driverLocation(
                DriverLocationMessage(
                    driverID: driverID, point: point, status: data["status"]?.text ?? "",
                    speed: data["speed"]?.double, heading: data["heading"]?.double,
                    batteryLevel: data["battery_level"]?.int64.map(Int.init),
                    at: data["timestamp"]?.text.flatMap(WireTime.parse) ?? 0))
        case "order_update":
            guard let orderID = data["order_id"]?.identifier else { return nil }
            self = .orderUpdate(
                OrderUpdateMessage(
                    orderID: orderID, status: data["status"]?.text ?? "", driverName: data["driver_name"]?.text))
        case "assignments_undelivered":
            self = .assignmentsUndelivered(count: data["count"]?.int64.map(Int.init) ?? 0)
        case "driver_lost":
            guard let driverID = data["driver_id"]?.identifier, let orderID = data["order_id"]?.identifier else {
                return nil
            }
            self = .driverLost(
                DriverLostMessage(
                    driverID: driverID, orderID: orderID, status: data["status"]?.text ?? "",
                    lastSeenAt: data["last_seen_at"]?.text.flatMap(WireTime.parse) ?? 0))
        default: return nil
        }
    }
}
