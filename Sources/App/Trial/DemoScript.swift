import Contract
import DispatchCore
import DriverClient
import Fulfilment
import Geo
package import Logging
import ServiceLifecycle
import Simulation
import Synchronization

/// The demo's city on real sockets: phones that drive, customers that order.
package struct DemoScript: Service, CustomStringConvertible {
    /// Without its parts: they hold passwords, and a list of services is logged.
    package let description = "DemoScript"

    package struct Plan: Sendable {
        package var seed: UInt64
        package var drivers: Int
        /// Orders in one minute of the city's time.
        package var ordersPerMinute: Double
        /// How much faster than life driving, cooking and ordering go. Sockets and tokens stay on the wall clock.
        package var pace: Double
        package var hasPhones: Bool

        package init(seed: UInt64, drivers: Int, ordersPerMinute: Double, pace: Double, hasPhones: Bool) {
            self.seed = seed
            self.drivers = drivers
            self.ordersPerMinute = ordersPerMinute
            self.pace = pace
            self.hasPhones = hasPhones
        }
    }

    /// What happened so far.
    package struct Figures: Sendable, Equatable {
        package var placed = 0
        package var accepted = 0
        package var picked = 0
        package var delivered = 0
        package var pushed = 0
        /// Earned by the drivers, in paise.
        package var paise: Int64 = 0
        package var failures = 0
    }

    package static let restaurants = 24

    private let plan: Plan
    private let trial: Trial
    private let ready: ReadyGate
    private let figures: FigureBoard
    private let log: Logger

    package init(_ plan: Plan, trial: Trial, ready: ReadyGate, figures: FigureBoard, log: Logger) {
        self.plan = plan
        self.figures = figures
        self.trial = trial
        self.ready = ready
        self.log = log
    }

    /// The restaurants, zones and drivers that the city needs.
    package static func contents(_ plan: Plan) -> Trial.Contents {
        let city = DemoCity(seed: plan.seed, kitchens: restaurants, drivers: 0)
        return Trial.Contents(
            drivers: plan.drivers + 1,
            restaurants: city.kitchens.map { RestaurantDraft(name: $0.name, address: $0.address, point: $0.point) },
            zones: city.quarters.map { ZoneDraft(name: $0.name, geometry: geometry(of: $0.border)) })
    }

    private static func geometry(of border: [GeoPoint]) -> String {
        let closed = border + border.prefix(1)
        let positions = closed.map { "[\($0.longitude),\($0.latitude)]" }.joined(separator: ",")
        return "{\"type\":\"Polygon\",\"coordinates\":[[\(positions)]]}"
    }

    package func run() async throws {
        guard let url = await ready.wait(), let address = ServerAddress(url) else { return }
        let client = try WireClient(address)
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await customers(client) }
                if plan.hasPhones { phones(client, in: &group) }
            }
        }
        await client.shutdown()
    }

    /// Everyone but the first driver has a phone; they come online over a few seconds, as people do.
    private func phones(_ client: WireClient, in group: inout TaskGroup<Void>) {
        let city = DemoCity(seed: plan.seed, kitchens: Self.restaurants, drivers: plan.drivers)
        for (index, account) in trial.drivers.dropFirst().prefix(plan.drivers).enumerated() {
            let phone = SimulatedPhone(
                account: account.id.rawValue, home: city.homes[index], pace: plan.pace, client: client,
                figures: figures,
                now: trial.server.house.now)
            let accounts = trial.server.accounts
            group.addTask {
                try? await Task.sleep(for: .milliseconds(20 * index))
                await phone.run { try await accounts.token(for: .driver(account.id)) }
            }
        }
    }

    private func customers(_ client: WireClient) async {
        var city = DemoCity(seed: plan.seed, kitchens: Self.restaurants, drivers: 0)
        let credentials = Credentials(identity: trial.folder.adminEmail, password: trial.folder.adminPassword)
        var token: String?
        while !Task.isCancelled {
            let pause = city.secondsToNextOrder(perMinute: plan.ordersPerMinute) / plan.pace
            let wish = city.nextWish()
            do {
                try await Task.sleep(for: .seconds(pause))
                if token == nil { token = try await client.signIn(admin: credentials).accessToken }
                try await place(wish, client: client, token: token)
                figures.add { $0.placed += 1 }
            } catch {
                guard !Task.isCancelled else { return }
                figures.add { $0.failures += 1 }
                log.debug("a customer's order failed", metadata: ["reason": "\(error)"])
                token = nil
            }
        }
    }

    private func place(_ wish: DemoCity.Wish, client: WireClient, token: String?) async throws {
        let restaurants = trial.restaurants
        guard !restaurants.isEmpty else { return }
        let restaurant = restaurants[wish.kitchen % restaurants.count]
        let now = trial.server.house.now()
        let ready = now.advanced(byMilliseconds: Int64(Double(wish.cookingSeconds) * 1000 / plan.pace))
        _ = try await client.send(.post, "/api/v1/orders", token: token) { writer in
            writer.field("customer_name", wish.customerName)
            writer.field("customer_phone", wish.customerPhone)
            writer.field("delivery_address", wish.address)
            writer.field("delivery_lat", wish.point.latitude)
            writer.field("delivery_lng", wish.point.longitude)
            writer.field("restaurant_id", restaurant.id.rawValue)
            writer.field("ready_at", WireTime.format(milliseconds: ready.milliseconds))
            writer.key("items")
            writer.array(wish.dishes) { writer, dish in
                writer.object { writer in
                    writer.field("name", dish.name)
                    writer.field("quantity", Int64(dish.quantity))
                    writer.field("price", Double(dish.paise) / 100)
                }
            }
            let total = wish.dishes.reduce(0) { $0 + $1.paise * Int64($1.quantity) }
            writer.field("order_total", Double(total) / 100)
        }
    }
}

/// Figures that many phones count together.
package final class FigureBoard: Sendable {
    private let figures = Mutex(DemoScript.Figures())

    package init() {}

    package var current: DemoScript.Figures { figures.withLock { $0 } }

    func add(_ change: (inout DemoScript.Figures) -> Void) {
        figures.withLock { change(&$0) }
    }
}

/// Opens once, when the server answers, with its address.
package final class ReadyGate: Sendable {
    private let stream: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    package init() {
        (stream, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Lets everyone who waits go on with the server's address.
    package func open(url: String) {
        continuation.yield(url)
        continuation.finish()
    }

    /// - Returns: The server's address; nil when the waiting task was cancelled first.
    func wait() async -> String? {
        for await url in stream { return url }
        return nil
    }
}
