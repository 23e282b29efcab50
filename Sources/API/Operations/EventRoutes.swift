import Contract
import DispatchCore
import Fulfilment
import HTTPTypes

/// How far the drivers' events have come, for admins.
struct EventRoutes: RouteGroup {
    private let house: House

    init(_ parts: API.Parts) {
        house = parts.house
    }

    var routes: [Route] {
        [
            Route(.get, "/api/v1/drivers/{id}/events", .admin, ofDriver),
            Route(.get, "/api/v1/events/overdue", .admin, overdue),
        ]
    }

    /// Newest first.
    private func ofDriver(_ exchange: Exchange) async throws -> Reply {
        let id = DriverID(try exchange.id("id"))
        guard try await house.accounts.driver(id) != nil else { throw FulfilmentError.unknownDriver(id) }
        let limit = try exchange.query.integer("limit", in: 1...1000) ?? 100
        return .list(try await house.events.states(of: id, limit: Int(limit)).map(EventRow.init))
    }

    /// What an admin has to look after: orders that only he may move with drivers who are lost, then assignments that
    /// their drivers do not know of after so many seconds; both oldest first.
    private func overdue(_ exchange: Exchange) async throws -> Reply {
        let seconds = try exchange.query.integer("seconds", in: 0...86_400) ?? EventState.overdueAfterSeconds
        let limit = try exchange.query.integer("limit", in: 1...1000) ?? 100
        let before = exchange.now.advanced(bySeconds: -seconds)
        let lost = house.lostOrders.all.map(AlarmRow.lost)
        let overdue = try await house.events.overdue(before: before, limit: Int(limit)).map { state in
            AlarmRow.overdue(EventRow(state))
        }
        return .list(Array((lost + overdue).prefix(Int(limit))))
    }
}

/// One line of the alarms.
private enum AlarmRow: JSONWritable {
    case lost(LostOrder)
    case overdue(EventRow)

    func write(to writer: inout JSONWriter) {
        switch self {
        case .overdue(let row): row.write(to: &writer)
        case .lost(let order):
            writer.object { writer in
                writer.field("driver_id", order.driverID.rawValue)
                writer.field("type", "driver_lost")
                writer.field("order_id", order.orderID.rawValue)
                writer.field("state", order.state.rawValue)
                writer.field("last_seen_at", milliseconds: order.lastSignAt.milliseconds)
            }
        }
    }
}

/// An event as admins see it.
private struct EventRow: JSONWritable {
    let state: EventState

    init(_ state: EventState) {
        self.state = state
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("driver_id", state.event.driverID.rawValue)
            writer.field("seq", state.event.seq)
            writer.field("type", type)
            writer.field("order_id", state.event.body.orderID)
            writer.field("state", state.progress.rawValue)
            writer.field("created_at", milliseconds: state.event.createdAt.milliseconds)
            writer.field("sent_at", milliseconds: state.sentAt?.milliseconds)
            writer.field("delivered_at", milliseconds: state.deliveredAt?.milliseconds)
        }
    }

    private var type: String {
        switch state.event.body {
        case .orderAssigned: "order_assigned"
        case .orderCancelled: "order_cancelled"
        case .orderUnassigned: "order_unassigned"
        }
    }
}
