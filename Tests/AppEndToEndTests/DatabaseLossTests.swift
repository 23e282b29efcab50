import Contract
import DriverClient
import Glibc
import Postgres
import TestSupport
import Testing

/// PostgreSQL goes away under a serving server and comes back: everybody is told plainly, no socket falls, no position
/// is lost.
@Suite struct DatabaseLossTests {
    @Test(.timeLimit(.minutes(2)))
    func aServerOutlivesItsDatabase() async throws {
        let folder = "/tmp/tiffin-test-\(getpid())-loss"
        let configuration = PrivateCluster.Configuration(
            folder: folder, isDurable: false, maximumConnections: 50, template: "/tmp/tiffin-template")
        let first = try await PrivateCluster.started(configuration)
        let database = try TestDatabase.on(first)
        try await RunningServer.with(database, drivers: 1, settings: [:]) { server in
            let driver = server.drivers[0]
            let phone = try await server.phone(driver)
            let order = try await server.placeOrder()
            try await server.force([order], to: driver)
            _ = try await phone.hears("order_assigned")
            await first.stop()

            let refused = try await server.step(order, "ACCEPTED", as: driver.token)
            #expect(refused.status == 503)
            #expect(refused.json["detail"]?.text?.contains("database") == true)
            #expect(refused.header("retry-after") != nil)
            let health = try await server.client.call(.get, "/health/ready")
            #expect(health.status == 503)
            #expect(try await server.client.call(.get, "/health/live").status == 200)
            for number in 0..<50 {
                phone.send("location_update", #"{"latitude":12.9,"longitude":77.6,"speed":\#(number)}"#)
            }
            try await phone.settle()
            #expect(phone.inbox.close == nil)
            // A phone that connects now is greeted with what memory knows.
            let other = try await server.phone(driver)
            #expect(try await phone.inbox.close(within: .seconds(5))?.code == 4003)

            let second = try await PrivateCluster.started(configuration)
            let rows = try await server.positions(of: driver, count: 50, within: .seconds(30))
            #expect(rows.map(\.speed) == (0..<50).map { Double($0) })
            try await eventually(within: .seconds(20)) {
                try await server.step(order, "ACCEPTED", as: driver.token).status == 200
            }
            #expect(try await server.client.call(.get, "/health/ready").status == 200)
            #expect(other.inbox.close == nil)
            other.socket.close()
            server.stop()
            await second.stop()
        }
        await database.pool.close()
    }
}
