import Contract
import DispatchCore
import Fulfilment
import Gateway
import Geo
import NIOCore
import Simulation
import Synchronization
import Testing

/// What the consoles' map is told of who moves, who stands, and to whom.
@Suite(.serialized, .timeLimit(.minutes(2))) struct AdminFeedTests {
    private func sighting(_ id: Int64, east: Double = 0, at now: Timestamp) throws -> DriverSighting {
        let point = try #require(GeoPoint(latitude: 12.9, longitude: 77.6 + east))
        return DriverSighting(
            fix: Fix(driverID: DriverID(id), point: point, receivedAt: now), isOnline: true, isDelivering: false)
    }

    private func console(_ server: LoopbackServer) async throws -> RawClient {
        let tab = try await server.connect()
        #expect(try await tab.upgrade("/api/v1/ws/admin?token=admin-1") == 101)
        #expect(try await tab.text().contains("connection_ack"))
        return tab
    }

    /// The driver and the longitude of a message, nil for another message.
    private func position(_ text: String) throws -> (driver: Int64, longitude: Double)? {
        let message = try JSON(parsing: text)
        guard message["type"]?.text == "driver_location", let driver = message["data"]?["driver_id"]?.int64,
            let longitude = message["data"]?["lng"]?.double
        else { return nil }
        return (driver, longitude)
    }

    @Test func ofEachDriverTheNewestFrameWaitsInTheTurnOfHisFirst() {
        var frames = LatestFrames()
        for (driver, text) in [(1, "a"), (2, "b"), (1, "c"), (3, "d")] as [(Int64, String)] {
            frames.put(ByteBuffer(string: text), of: DriverID(driver))
        }
        #expect(frames.count == 3)
        #expect(frames.take(2).map { String(buffer: $0) } == ["c", "b"])
        frames.put(ByteBuffer(string: "e"), of: DriverID(1))
        #expect(frames.take(10).map { String(buffer: $0) } == ["d", "e"])
        #expect(frames.isEmpty && frames.take(1).isEmpty)
    }

    @Test func whoStandsStillIsShownAtLeastOnceAMinute() async throws {
        try await LoopbackServer.run { server in
            let standing = try sighting(7, at: server.clock.now.wall)
            server.door.state.withLock { $0.sightings = [standing] }
            let tab = try await console(server)
            #expect(try position(try await tab.text())?.driver == 7)
            server.admins.driversMoved([standing])
            server.admins.flush(at: server.clock.now)
            #expect(try position(try await tab.text())?.driver == 7)
            // Looked at every ten seconds for two minutes, while another driver moves all the time.
            var (shown, rounds) = (0, 0)
            for second in stride(from: 10, through: 120, by: 10) {
                server.clock.advance(10_000)
                server.admins.driversMoved([try sighting(8, east: Double(second) * 1e-4, at: server.clock.now.wall)])
                server.gateway.remindAdmins()
                server.admins.flush(at: server.clock.now)
                rounds += 1
                while let next = try position(try await tab.text()) {
                    if next.driver == 7 { shown += 1 } else { break }
                }
            }
            #expect(rounds == 12 && shown == 4, "once in thirty seconds")
        }
    }

    @Test func aSlowTabIsToldTheNewestPositionOfEachAndNoQueueOfOldOnes() async throws {
        try await LoopbackServer.run({
            $0.outboundLimit = 8192
            $0.kernelSendBuffer = 4096
        }) { server in
            let tab = try await console(server)
            try await tab.channel.setOption(.socketOption(.so_rcvbuf), value: 4096).get()
            try await tab.channel.setOption(.autoRead, value: false).get()
            let (drivers, rounds) = (200, 40)
            for round in 1...rounds {
                let now = server.clock.now
                server.admins.driversMoved(
                    try (1...Int64(drivers)).map { try sighting($0, east: Double(round) * 1e-4, at: now.wall) })
                server.admins.orderChanged(OrderID(Int64(round)), state: .assigned, driverName: "A")
                server.admins.flush(at: now)
            }
            try await tab.channel.setOption(.autoRead, value: true).get()
            tab.channel.read()
            var last: [Int64: Double] = [:]
            var (heard, hints) = (0, 0)
            let newest = 77.6 + Double(rounds) * 1e-4
            while last.count < drivers || last.values.contains(where: { abs($0 - newest) > 1e-9 }) {
                let text = try await tab.text()
                if let next = try position(text) {
                    heard += 1
                    // Never back in time.
                    #expect(last[next.driver, default: 0] <= next.longitude)
                    last[next.driver] = next.longitude
                } else if text.contains("order_status_update") {
                    hints += 1
                }
            }
            #expect(heard < drivers * rounds / 4, "\(heard) of \(drivers * rounds) positions were sent")
            // What else it has missed it is told to look up.
            #expect((1..<rounds).contains(hints), "\(hints) hints")
        }
    }

    @Test func whoIsOnlineAndSaysSomethingStaysOnTheMapWhereHeStands() async throws {
        let city = VirtualHouse(settings: HouseSettings())
        let time = city.time
        let intake = LocationIntake(
            fleet: city.house.fleet, store: city.store, accounts: city.store, feed: city.feed)
        let door = HouseDoor(
            fleet: city.house.fleet, intake: intake, accounts: city.store, orders: city.store, events: city.store,
            now: { time.now })
        let point = try #require(GeoPoint(latitude: 12.9, longitude: 77.6))
        var ids: [DriverID] = []
        for (number, isOnline) in [true, true, false].enumerated() {
            let desk = DriverDesk(city.house)
            let account = try await desk.create(
                DriverDraft(name: "D", phone: "\(number)", email: nil, passwordHash: "x"))
            _ = try await desk.setAvailability(isOnline, of: account.id)
            city.report(account.id, at: point)
            ids.append(account.id)
        }
        #expect(door.sightings().map(\.fix.driverID) == ids)
        // Three minutes later the first has pinged, the second has gone, the third has pinged and is offline.
        time.advance(seconds: 180)
        for driver in [ids[0], ids[2]] { door.seen(driver, at: time.now) }
        #expect(door.sightings().map(\.fix.driverID) == [ids[0]])
    }

    @Test(arguments: [
        ("GET /api/v1/ws/driver/7 HTTP/1.1", 426, "upgrade_required"),
        (
            "GET /api/v1/ws/driver/9?token=driver-9 HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade", 400,
            "bad_request"
        ),
    ]) func whatBecomesNoSocketIsAnsweredLikeAllElse(request: String, status: Int, code: String) async throws {
        try await LoopbackServer.run({ $0.corsOrigins = ["http://localhost:5173"] }) { server in
            for (origin, isAllowed) in [("http://localhost:5173", true), ("http://evil.example", false)] {
                let client = try await server.connect()
                try await client.send(
                    Array("\(request)\r\nHost: x\r\nOrigin: \(origin)\r\nX-Request-ID: mine-1\r\n\r\n".utf8))
                try await expectProblem(client, status, code, id: "mine-1", isAllowed: isAllowed)
            }
        }
    }

    @Test func aFloodAndAnUnreadableRequestAreAnsweredLikeAllElse() async throws {
        try await LoopbackServer.run({
            $0.corsOrigins = ["*"]
            $0.addressBurst = 1
            $0.addressRefill = 0.001
            $0.guardsLoopback = true
        }) { server in
            _ = try await server.driver(7)
            var ids: Set<String> = []
            for _ in 0..<2 {
                let client = try await server.connect()
                try await client.send(
                    RawClient.request("/api/v1/ws/driver/8?token=driver-8", headers: ["Origin: http://a.example"]))
                ids.insert(try await expectProblem(client, 429, "too_many_requests", id: nil, isAllowed: true))
            }
            #expect(ids.count == 2)
            let client = try await server.connect()
            try await client.send(Array("\u{1}\r\n\r\n".utf8))
            // Nobody knows where it came from.
            ids.insert(try await expectProblem(client, 400, "bad_request", id: nil, isAllowed: false))
            #expect(ids.count == 3)
        }
    }

    /// Reads an answer. Gives its number.
    @discardableResult
    private func expectProblem(
        _ client: RawClient, _ status: Int, _ code: String, id: String?, isAllowed: Bool
    ) async throws -> String {
        let head = try await client.head()
        #expect(head.status == status)
        #expect(head.text.contains("content-type: application/problem+json"))
        #expect(head.text.contains("access-control-allow-origin: ") == isAllowed, "\(head.text)")
        let problem = try JSON(parsing: try await client.rest())
        #expect(problem["code"]?.text == code && problem["detail"]?.text == problem["message"]?.text)
        let given = problem["request_id"]?.text ?? ""
        #expect(!given.isEmpty && head.text.contains("x-request-id: \(given)"))
        if let id { #expect(given == id) }
        return given
    }
}
