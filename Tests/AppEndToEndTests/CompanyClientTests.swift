import Contract
import DriverClient
import TestSupport
import Testing

/// The reference client for app developers, run by Node against the real server.
@Suite(.serialized, .enabled(if: Node.isWanted, "\(Node.leaveOut)")) struct CompanyClientTests {
    @Test func theReferenceClientServesADriver() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            let driver = server.drivers[0]
            let client = try NodeProcess(
                "driver.mjs",
                [
                    "--url", "http://127.0.0.1:\(server.client.address.port)", "--identity", server.drivers[0].email,
                    "--password", "a good password",
                ], sockets: Node.hasBuiltInSockets ? .builtIn : .package)
            try await client.expect("connection_ack", times: 1)
            let order = try await server.placeOrder()
            try await server.done(.post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
            try await client.expect("\"order_id\":\(order)", times: 1)
            // A second phone takes over: the client stops and does not fight for the connection.
            let other = try await server.connect(driver)
            try await client.expect("logged in elsewhere", times: 1)
            #expect(other.inbox.close == nil)
            client.end()
            other.socket.close()
        }
    }
}
