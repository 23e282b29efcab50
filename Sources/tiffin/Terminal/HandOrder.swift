import Contract
import DriverClient

/// Orders that only an admin's hand moves: without coordinates no engine takes them first.
enum HandOrder {
    /// Creates one order and returns its id.
    static func create(_ client: WireClient, token: String, customer: String) async throws -> Int64 {
        let answer = try await client.send(.post, "/api/v1/orders", token: token) { writer in
            writer.field("customer_name", customer)
            writer.field("customer_phone", "+910000000000")
            writer.field("delivery_address", "2 Test Street")
            writer.field("restaurant_name", "Test Kitchen")
            writer.field("pickup_address", "1 Test Street")
            writer.field("earnings", 45.5)
            writer.field("distance_km", 3.2)
            writer.field("order_total", 250.0)
            writer.key("items")
            writer.beginArray()
            writer.endArray()
        }
        guard let id = answer.first(of: ["id", "order_id"])?.identifier else {
            throw DriverClientError.unreadable("the new order: no id in the answer of POST /api/v1/orders")
        }
        return id
    }

    /// Gives an order to a driver.
    static func assign(_ order: Int64, to driver: Int64, _ client: WireClient, token: String) async throws {
        _ = try await client.send(.post, "/api/v1/orders/\(order)/assign", token: token) { writer in
            writer.field("driver_id", driver)
        }
    }
}
