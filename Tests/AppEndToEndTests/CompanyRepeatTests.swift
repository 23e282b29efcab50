import Contract
import DriverClient
import TestSupport
import Testing

/// What an admin asks for twice, in halves, or of the wrong pool.
@Suite(.serialized) struct CompanyRepeatTests {
    /// Drivers who can carry any group, standing at the centre.
    static func ready(_ server: RunningServer) async throws -> [(socket: DriverSocket, inbox: Inbox)] {
        var phones: [(socket: DriverSocket, inbox: Inbox)] = []
        for person in server.drivers {
            try await server.done(.patch, "drivers/\(person.id)", as: server.admin, #"{"capacity":4}"#)
            try await server.done(.post, "drivers/toggle-online?is_online=true", as: person.token, "null")
            let phone = try await server.connect(person)
            server.track(phone.socket)
            phones.append(phone)
        }
        try await eventually(within: .seconds(5)) {
            try await server.done(.get, "available-drivers", as: server.admin).elements?.allSatisfy {
                $0["latitude"]?.double != nil
            } == true
        }
        return phones
    }

    private func assignGroups(
        _ pool: Int64, key: String, on server: RunningServer, query: String = ""
    ) async throws -> RESTAnswer {
        try await server.client.call(
            .post, "/api/v1/pools/\(pool)/assign-groups\(query)", token: server.admin,
            headers: [("Idempotency-Key", key)])
    }

    @Test func groupsAreGivenOutOncePerKey() async throws {
        try await RunningServer.with(drivers: 2, settings: RunningServer.company) { server in
            let pool = try await CompanyPoolTests.twoDistricts(server)
            try await server.done(.post, "pools/\(pool)/group", as: server.admin)
            let phones = try await Self.ready(server)
            // The same request at once from four sides is one.
            let answers = try await withThrowingTaskGroup(of: RESTAnswer.self) { group in
                for _ in 0..<4 { group.addTask { try await assignGroups(pool, key: "k", on: server) } }
                return try await group.reduce(into: [RESTAnswer]()) { $0.append($1) }
            }
            let first = try #require(answers.first?.json)
            #expect(answers.allSatisfy { $0.status == 200 && $0.json == first }, "\(answers.map(\.json))")
            #expect(first["assigned_count"]?.int64 == 2)
            let groups = first["groups"]?.elements ?? []
            #expect(groups.filter { $0["driver_id"]?.int64 != nil }.allSatisfy { $0["batch_id"] == $0["group_id"] })
            for phone in phones {
                #expect(try await phone.inbox.message("order_assigned", within: .seconds(2)) != nil)
            }

            // Later there is more to give and room for it: the old key gives nothing of that.
            let driver = server.drivers[0]
            let held = try await server.done(.get, "orders/assigned", as: driver.token).elements ?? []
            for order in held {
                try await server.done(
                    .post, "orders/\(order["id"]?.int64 ?? 0)/admin-deliver", as: server.admin)
            }
            try await server.closePool([RunningServer.row("late", pool: "p", restaurant: "here", phone: "9")])
            try await server.done(.post, "pools/\(pool)/group", as: server.admin)
            #expect(try await assignGroups(pool, key: "k", on: server).json == first)
            #expect(phones.allSatisfy { $0.inbox.offers.count == 1 })
            let other = try await assignGroups(pool, key: "k", on: server, query: "?again=1")
            #expect(other.status == 422 && other.json["code"]?.text == "idempotency_key_reused")
            let long = try await assignGroups(pool, key: String(repeating: "k", count: 201), on: server)
            #expect(long.status == 422)
            let second = try await assignGroups(pool, key: "k-2", on: server)
            #expect((second.json["assigned_count"]?.int64 ?? 0) >= 1, "\(second.json)")
            for phone in phones { phone.socket.close() }
        }
    }

    @Test func aGroupOfAnotherPoolIsNotGiven() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            let driver = server.drivers[0]
            _ = try await server.restaurant("Kitchen", external: "r")
            for pool in ["p", "q"] {
                try await server.closePool(
                    (1...2).map { RunningServer.row("\(pool)-\($0)", pool: pool, restaurant: "r", phone: "\($0)") })
            }
            func id(_ external: String) async throws -> Int64 {
                try #require(try await server.pool(external: external)["pool_id"]?.int64)
            }
            let (mine, other) = (try await id("p"), try await id("q"))
            let grouped = try await server.done(.post, "pools/\(other)/group", as: server.admin)
            let group = try #require(grouped["driver_groups"]?.elements?.first?["group_id"]?.int64)
            func assign(in pool: Int64) async throws -> RESTAnswer {
                try await server.app(
                    .post, "pools/\(pool)/groups/\(group)/assign?driver_id=\(driver.id)", as: server.admin, "null")
            }
            // As a group that waits, and as the batch that it becomes.
            #expect(try await assign(in: mine).status == 404)
            let members = try await server.orders(ofPool: other)
            #expect(members.allSatisfy { $0["status"]?.text == "PENDING" })
            #expect(try await assign(in: other).status == 200)
            #expect(try await assign(in: mine).status == 404)
            // Nor its orders one by one.
            let strange = try await server.app(
                .post, "pools/\(mine)/assign-driver", as: server.admin,
                "{\"order_ids\":[\(members[0]["order_id"]?.int64 ?? 0)],\"driver_id\":\(driver.id)}")
            #expect(strange.status == 404)
        }
    }

    @Test func paymentsAreListedWithTheirTotals() async throws {
        try await RunningServer.with(drivers: 2, settings: RunningServer.company) { server in
            func pay(_ people: [RunningServer.Person], each rupees: String, reference: String) async throws {
                for person in people {
                    let order = try await server.placeOrder()
                    try await server.done(
                        .post, "orders/\(order)/assign", as: server.admin,
                        "{\"driver_id\":\(person.id),\"driver_earnings\":\(rupees)}")
                    try await server.done(.post, "orders/\(order)/admin-deliver", as: server.admin)
                }
                let ids = people.map { "\($0.id)" }.joined(separator: ",")
                try await server.done(
                    .post, "earnings/process-payout", as: server.admin,
                    "{\"driver_ids\":[\(ids)],\"payment_method\":\"UPI\",\"payment_reference\":\"\(reference)\"}")
            }
            let none = try await server.done(.get, "earnings/payouts", as: server.admin)
            #expect(none["payouts"]?.elements?.isEmpty == true && none["total_amount_paid"]?.double == 0)
            try await pay(server.drivers, each: "10.10", reference: "first")
            try await pay([server.drivers[0]], each: "20.20", reference: "second")
            let all = try await server.done(.get, "earnings/payouts", as: server.admin)
            let rows = all["payouts"]?.elements ?? []
            #expect(rows.compactMap { $0["payment_reference"]?.text } == ["second", "first", "first"])
            #expect(rows.allSatisfy { $0["deliveries"]?.int64 == 1 && $0["payment_method"]?.text == "UPI" })
            #expect(all["total_amount_paid"]?.scaled(byPowerOfTen: 2) == 4040)
            #expect(all["total_payouts"]?.int64 == 3 && all["total_drivers_paid"]?.int64 == 2)
            #expect(all["next_before"]?.isNull == true)
            let page = try await server.done(.get, "earnings/payouts?limit=2", as: server.admin)
            #expect(page["total_payouts"]?.int64 == 3 && page["payouts"]?.elements == Array(rows.prefix(2)))
            let before = try #require(page["next_before"]?.int64)
            let rest = try await server.done(.get, "earnings/payouts?limit=2&before=\(before)", as: server.admin)
            #expect(rest["payouts"]?.elements == Array(rows.suffix(1)) && rest["next_before"]?.isNull == true)
            let one = try await server.done(
                .get, "earnings/payouts?driver_id=\(server.drivers[1].id)", as: server.admin)
            #expect(one["total_amount_paid"]?.double == 10.1 && one["payouts"]?.elements?.count == 1)
            let past = try await server.done(.get, "earnings/payouts?to=2020-01-01", as: server.admin)
            #expect(past["total_payouts"]?.int64 == 0)
            #expect(try await server.app(.get, "earnings/payouts?from=x", as: server.admin).status == 422)
            #expect(try await server.app(.get, "earnings/payouts", as: server.drivers[0].token).status == 403)
            // The same money as the pay list and the month's figure.
            let stats = try await server.done(.get, "earnings/stats", as: server.admin)
            #expect(stats["total_paid_this_month"]?.double == 40.4)
        }
    }
}
