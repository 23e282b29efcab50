import Contract
import DriverClient

/// The lines about orders and positions.
extension Stage {
    func promptOrder() async throws -> String {
        let phone = try await open(a)
        defer { phone.socket.drop() }
        let order = try await createOrder()
        try await assign(order, to: a)
        let watch = Stopwatch()
        let data = try await expectAssigned(order, on: phone)
        let late = Int((watch.seconds * 1000).rounded())
        for key in ["restaurant_name", "pickup_address", "delivery_address"] where data[key]?.text == nil {
            throw Fault("order_assigned has no text \(key)")
        }
        for key in ["earnings", "distance_km"] where data[key]?.double == nil {
            throw Fault("order_assigned has no number \(key)")
        }
        return "\(late) ms after the answer to the assignment"
    }

    /// Waits for the order's event and returns its data.
    @discardableResult
    func expectAssigned(_ order: Int64, on phone: Phone, within limit: Duration? = nil) async throws -> JSON {
        let limit = limit ?? plan.patience.order
        let found = try await phone.inbox.message(within: limit) {
            $0["type"]?.text == "order_assigned" && $0["data"].map { Self.concerns($0, order) } ?? false
        }
        guard let data = found?["data"] else {
            let end = phone.inbox.close.map { " (\($0))" } ?? ""
            throw Fault("no order_assigned for order \(order) within \(limit.seconds) s\(end)")
        }
        return data
    }

    /// Whether a message's data names the order, alone or in a batch.
    static func concerns(_ data: JSON, _ order: Int64) -> Bool {
        data["order_id"]?.identifier == order
            || data["order_ids"]?.elements?.contains { $0.identifier == order } ?? false
    }

    func reconnection() async throws -> String {
        let first = try await open(a)
        first.socket.drop()
        await first.socket.waitForEnd()
        let missed = try await createOrder()
        try await assign(missed, to: a)
        let second = try await open(a)
        do {
            try await expectAssigned(missed, on: second, within: plan.patience.close)
        } catch let fault as Fault {
            throw Fault("after a reconnect, \(fault.seen): what was assigned while away is lost")
        }
        // Now the network changes under the phone: the old connection is not closed before the new one comes.
        let third = try await open(a)
        defer { third.socket.drop() }
        _ = try await second.inbox.close(within: plan.patience.close)
        second.socket.drop()
        let next = try await createOrder()
        try await assign(next, to: a)
        do {
            try await expectAssigned(next, on: third)
        } catch let fault as Fault {
            throw Fault("after a change of network, \(fault.seen): the old socket's end took the new one's place")
        }
        return "accepted again, with the order that came meanwhile"
    }

    func onlyOwnOrders() async throws -> String {
        let (first, second) = (try await open(a), try await open(b))
        defer {
            first.socket.drop()
            second.socket.drop()
        }
        for (driver, own, other) in [(a, first, second), (b, second, first)] {
            let order = try await createOrder()
            try await assign(order, to: driver)
            try await expectAssigned(order, on: own)
            let leak = try await other.inbox.message(within: plan.patience.silence) {
                $0["data"].map { Self.concerns($0, order) } ?? false
            }
            if leak != nil { throw Fault("an event of driver \(driver.id) also reached the other driver") }
        }
        return "nothing of the other's in \(plan.patience.silence.seconds) s"
    }

    func cancellation() async throws -> String {
        let phone = try await open(a)
        defer { phone.socket.drop() }
        let order = try await createOrder()
        try await assign(order, to: a)
        try await expectAssigned(order, on: phone)
        try await cancel(order, reason: "Customer cancelled")
        let found = try await phone.inbox.message(within: plan.patience.order) {
            $0["type"]?.text == "order_cancelled" && $0["data"]?["order_id"]?.identifier == order
        }
        guard let found else { throw Fault("no order_cancelled within \(plan.patience.order.seconds) s") }
        guard found["data"]?["reason"]?.text != nil else { throw Fault("order_cancelled has no reason") }
        return "order_cancelled with its reason"
    }

    func savedPositions() async throws -> String {
        // A point of this run: the digits come from the token, which is new with each log-in.
        let digits = a.accessToken.utf8.reduce(into: UInt64(14_695_981_039_346_656_037)) {
            $0 = ($0 ^ UInt64($1)) &* 1_099_511_628_211
        }
        let latitude = 28.7 + Double(digits % 9_999) / 1e6
        let longitude = 77.1 + Double(digits / 9_999 % 9_999) / 1e6
        let before = try await positions.count(driver: a.id, latitude: latitude, longitude: longitude)
        let phone = try await open(a)
        defer { phone.socket.drop() }
        let update = """
            {"type":"location_update","data":{"latitude":\(latitude),"longitude":\(longitude),"accuracy":10.5,\
            "heading":180.0,"speed":25.5,"battery_level":75,"timestamp":"2025-11-19T10:30:00Z"}}
            """
        phone.socket.send(update)
        phone.socket.send(update)
        let watch = Stopwatch()
        var saved = 0
        repeat {
            try await Task.sleep(for: .milliseconds(50))
            saved = try await positions.count(driver: a.id, latitude: latitude, longitude: longitude) - before
        } while saved < 2 && watch.elapsed < plan.patience.saved
        guard saved == 2 else { throw Fault("\(saved) of 2 positions saved within \(plan.patience.saved.seconds) s") }
        return "2 of 2 in \(rounded(watch.seconds)) s"
    }
}
