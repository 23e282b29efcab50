extension ServerMessage: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            switch self {
            case .pong: writer.field("type", "pong")
            case .unknown(let type): writer.field("type", type)
            case .connectionAck(let ack): Self.write("connection_ack", nil, ack, to: &writer)
            case .error(let error): Self.write("error", nil, error, to: &writer)
            case .orderAssigned(let sequence, let order): Self.write("order_assigned", sequence, order, to: &writer)
            case .orderCancelled(let sequence, let order): Self.write("order_cancelled", sequence, order, to: &writer)
            case .orderUnassigned(let sequence, let order): Self.write("order_unassigned", sequence, order, to: &writer)
            }
        }
    }

    private static func write(
        _ type: String, _ sequence: Int64?, _ data: some JSONWritable, to writer: inout JSONWriter
    ) {
        writer.field("type", type)
        if let sequence { writer.field("seq", sequence) }
        writer.field("data", data)
    }

    /// Reads a message as a phone does. Nil when it is no message of the contract; an unknown type is none of those.
    package init?(json: JSON) {
        guard let type = json["type"]?.text else { return nil }
        let sequence = json["seq"]?.int64
        let data = json["data"] ?? .null
        switch type {
        case "pong": self = .pong
        case "connection_ack":
            guard let ack = ConnectionAck(json: data) else { return nil }
            self = .connectionAck(ack)
        case "error":
            self = .error(ErrorMessage(code: data["code"]?.text ?? "", detail: data["detail"]?.text ?? ""))
        case "order_assigned":
            guard let order = OrderAssigned(json: data) else { return nil }
            self = .orderAssigned(sequence: sequence, order)
        case "order_cancelled":
            guard let orderID = data["order_id"]?.identifier else { return nil }
            let order = OrderCancelled(orderID: orderID, reason: data["reason"]?.text ?? "")
            self = .orderCancelled(sequence: sequence, order)
        case "order_unassigned":
            guard let orderID = data["order_id"]?.identifier else { return nil }
            let order = OrderUnassigned(
                orderID: orderID, reason: data["reason"]?.text ?? "", code: data["code"]?.text ?? "")
            self = .orderUnassigned(sequence: sequence, order)
        default: self = .unknown(type: type)
        }
    }
}

extension ConnectionAck: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("driver_id", driverID)
            writer.field("server_time", milliseconds: serverTime)
            writer.field("status", status)
            writer.field("idle_timeout_s", idleTimeoutSeconds)
            writer.field("assigned_count", assignedCount)
            writer.field("last_event_seq", lastEventSequence)
        }
    }

    package init?(json: JSON) {
        guard let driverID = json["driver_id"]?.identifier else { return nil }
        self.init(
            driverID: driverID, serverTime: json["server_time"]?.text.flatMap(WireTime.parse) ?? 0,
            status: json["status"]?.text ?? "", idleTimeoutSeconds: json["idle_timeout_s"]?.int64 ?? 0,
            assignedCount: json["assigned_count"]?.int64 ?? 0, lastEventSequence: json["last_event_seq"]?.int64 ?? 0)
    }
}

extension ErrorMessage: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("code", code)
            writer.field("detail", detail)
        }
    }
}

extension OrderCancelled: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("order_id", orderID)
            writer.field("reason", reason)
        }
    }
}

extension OrderUnassigned: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("order_id", orderID)
            writer.field("reason", reason)
            writer.field("code", code)
        }
    }
}
