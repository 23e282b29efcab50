import Contract
import DispatchCore
import DriverClient
import Geo
import Simulation
import Synchronization

/// One driver's phone in the demo: the real WebSocket and REST contract around the pure ``DemoPhone``.
struct SimulatedPhone: Sendable {
    let account: Int64
    let home: GeoPoint
    let pace: Double
    let client: WireClient
    let figures: FigureBoard
    let now: @Sendable () -> Timestamp

    /// Wall time between two looks; positions are reported every ten seconds of the city's time, at least each second.
    private static let step = Duration.milliseconds(500)

    /// Drives until cancelled; a lost socket is opened again after a pause.
    func run(token: @Sendable () async throws -> String?) async {
        var phone = DemoPhone(at: home)
        var bearer: String?
        while !Task.isCancelled {
            do {
                if bearer == nil { bearer = try await token() }
                guard let bearer else { return }
                _ = try await client.send(.put, "/api/v1/driver/status", token: bearer) { $0.field("status", "online") }
                try await session(&phone, token: bearer)
            } catch {
                guard !Task.isCancelled else { return }
                figures.add { $0.failures += 1 }
                bearer = nil
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func session(_ phone: inout DemoPhone, token: String) async throws {
        let inbox = PhoneInbox()
        let socket = try await client.openSocket(driver: String(account), token: token) { inbox.receive($0) }
        defer { socket.close() }
        if phone.orders == 0 { try await resume(&phone, token: token) }
        var lastReport: Int64 = 0
        let reportEvery = max(1000, Int64(10_000 / pace))
        while !Task.isCancelled {
            let taken = inbox.take()
            if taken.isClosed { return }
            var actions: [DemoPhone.Action] = []
            for message in taken.messages { actions += apply(message, to: &phone) }
            actions += phone.passed(to: cityTime)
            let wall = now().milliseconds
            if wall - lastReport >= reportEvery {
                lastReport = wall
                socket.send(report(phone))
            }
            for action in actions { try await carryOut(action, token: token) }
            try await Task.sleep(for: Self.step)
        }
    }

    /// What a started app asks first: the orders that its driver has in hand.
    private func resume(_ phone: inout DemoPhone, token: String) async throws {
        let answer = try await client.call(.get, "/api/v1/orders/assigned", token: token)
        for order in answer.json.elements ?? [] {
            guard let status = order["status"]?.text, let told = Self.told(order, pace: pace) else { continue }
            if status == "ASSIGNED" {
                for action in phone.assigned(told) { try await carryOut(action, token: token) }
            } else {
                phone.resumed(told, isOnBoard: status == "PICKED_UP" || status == "IN_TRANSIT")
            }
        }
    }

    private var cityTime: Int64 { Int64(Double(now().milliseconds) * pace) }

    private func apply(_ message: JSON, to phone: inout DemoPhone) -> [DemoPhone.Action] {
        guard let data = message["data"] else { return [] }
        switch message["type"]?.text {
        case "order_assigned":
            figures.add { $0.pushed += 1 }
            guard let told = Self.told(data, pace: pace) else { return [] }
            return phone.assigned(told)
        case "order_cancelled", "order_unassigned":
            figures.add { $0.pushed += 1 }
            if let order = data["order_id"]?.int64 { phone.lost(order) }
            return []
        default: return []
        }
    }

    private static func told(_ data: JSON, pace: Double) -> DemoPhone.Told? {
        guard let order = data["order_id"]?.int64, let pickup = point(data, "pickup"),
            let dropoff = point(data, "delivery")
        else { return nil }
        let ready = data["ready_at"]?.text.flatMap { WireTime.parse($0) }
        return DemoPhone.Told(
            order: order, batch: data["batch_id"]?.int64, pickup: pickup, dropoff: dropoff,
            readyAt: ready.map { Int64(Double($0) * pace) })
    }

    private static func point(_ data: JSON, _ end: String) -> GeoPoint? {
        guard let latitude = data["\(end)_latitude"]?.double, let longitude = data["\(end)_longitude"]?.double else {
            return nil
        }
        return GeoPoint(latitude: latitude, longitude: longitude)
    }

    private func report(_ phone: DemoPhone) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("type", "location_update")
            writer.key("data")
            writer.object { writer in
                writer.field("latitude", phone.position.latitude)
                writer.field("longitude", phone.position.longitude)
                writer.field("accuracy", 8.0)
                writer.field("heading", phone.heading)
                writer.field("speed", phone.isMoving ? 25.2 : 0.0)
                writer.field("battery_level", Int64(80))
                writer.field("timestamp", WireTime.format(milliseconds: now().milliseconds))
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// An order that was taken away meanwhile answers 404 or 409: the next message tells the phone, so it goes on.
    private func carryOut(_ action: DemoPhone.Action, token: String) async throws {
        let (path, count): (String, (inout DemoScript.Figures) -> Void) =
            switch action {
            case .accept(let order): ("\(order)/accept", { $0.accepted += 1 })
            case .pickUp(let order): ("\(order)/pickup", { $0.picked += 1 })
            case .deliver(let order): ("\(order)/deliver", { $0.delivered += 1 })
            }
        let answer = try await client.call(
            .post, "/api/v1/driver/orders/\(path)", token: token, body: Array("{}".utf8))
        guard (200..<300).contains(answer.status) else { return figures.add { $0.failures += 1 } }
        figures.add(count)
        if let earned = answer.json["earnings"]?.double {
            figures.add { $0.paise += Int64((earned * 100).rounded()) }
        }
    }
}

/// What came over the socket since the last look.
final class PhoneInbox: Sendable {
    private struct State {
        var messages: [JSON] = []
        var isClosed = false
    }

    private let state = Mutex(State())

    func receive(_ event: SocketEvent) {
        switch event {
        case .text(let text):
            guard let json = try? JSON(parsing: Array(text.utf8)) else { return }
            state.withLock { $0.messages.append(json) }
        case .closed: state.withLock { $0.isClosed = true }
        case .ping: break
        }
    }

    func take() -> (messages: [JSON], isClosed: Bool) {
        state.withLock { state in
            let taken = (state.messages, state.isClosed)
            state.messages = []
            return taken
        }
    }
}
