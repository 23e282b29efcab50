import App
import Contract
import DriverClient
import Glibc
import NIOWebSocket
import Postgres
import TestSupport
import Testing

/// Section 1 of the contract, from the driver's side: who is let in, what is read, what is stored, how it ends.
@Suite struct SocketRowsTests {
    @Test func aPasswordSetByAnotherProgramEndsTheLiveSocketWithinFiveSeconds() async throws {
        try await RunningServer.with(drivers: 1) { server in
            let phone = try await server.phone(server.drivers[0])
            let isSet = try await server.accounts.setPassword("another good one", identity: server.drivers[0].email)
            #expect(isSet)
            #expect(
                try await phone.inbox.close(within: .seconds(5)) == SocketClose(code: 4001, reason: "token_revoked"))
        }
    }

    @Test func everyBadTokenIsToldAfterTheUpgradeWithItsReason() async throws {
        let server = try await Shared.plain.value
        let (driver, other, blocked) = (try await server.hire(), try await server.hire(), try await server.hire())
        let answer = try await server.client.call(
            .patch, "/api/v1/drivers/\(blocked.id)/status", token: server.admin,
            body: Array(#"{"status":"blocked"}"#.utf8))
        #expect(answer.status == 200)
        let expired = try await server.token(for: driver.id, issuedAt: 1_600_000_000_000)
        let attempts: [(String?, RunningServer.Person, String)] = [
            (nil, driver, "token_missing"), ("nonsense", driver, "token_invalid"),
            (driver.token + "x", driver, "token_invalid"), (expired, driver, "token_expired"),
            (other.token, driver, "driver_mismatch"), (server.admin, driver, "wrong_role"),
            (blocked.token, blocked, "driver_blocked"),
        ]
        for (token, person, reason) in attempts {
            let close = try await server.refusal(of: token, driver: person.id)
            #expect(close == SocketClose(code: 4001, reason: reason))
        }
    }

    @Test func nothingIsReadFromARefusedSocketAndItIsGoneInTwoSeconds() async throws {
        let server = try await Shared.plain.value
        let (driver, other) = (try await server.hire(), try await server.hire())
        let inbox = Inbox()
        let socket = try await server.client.openSocket(driver: "\(driver.id)", token: other.token) {
            inbox.receive($0)
        }
        for _ in 0..<50 { socket.send(#"{"type":"location_update","data":\#(seedPosition)}"#) }
        #expect(try await inbox.close(within: .seconds(2))?.code == 4001)
        await socket.waitForEnd()
        #expect(inbox.texts == [])
        #expect(try await server.positions(of: driver) == [])
        #expect(try await server.positions(of: other) == [])
    }

    @Test func theTokenMayComeInTheHeader() async throws {
        let server = try await Shared.plain.value
        let phone = try await server.phone(try await server.hire(), place: .header)
        phone.socket.close()
    }

    @Test func theFirstFrameConfirms() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let order = try await server.placeOrder()
        try await server.force([order], to: driver)
        let phone = try await server.phone(driver)
        let first = try JSON(parsing: try #require(phone.inbox.texts.first))
        #expect(first["type"]?.text == "connection_ack")
        let data = try #require(first["data"])
        #expect(data["driver_id"]?.int64 == driver.id)
        #expect(data["server_time"]?.text.flatMap(WireTime.parse) != nil)
        #expect(data["status"]?.text == "offline")
        #expect(data["idle_timeout_s"]?.int64 == 300)
        #expect(data["assigned_count"]?.int64 == 1)
        #expect(data["last_event_seq"]?.int64 == 1)
        phone.socket.close()
    }

    @Test func positionsAreReadAsBothAppsSendThem() async throws {
        let server = try await Shared.plain.value
        let phone = try await server.hiredPhone()
        let sent = [
            seedPosition, #"{"lat":12,"lng":77}"#, #"{"latitude":1.5,"longitude":2.5,"lat":3,"lng":4,"extra":[1]}"#,
            #"{"latitude":5,"longitude":6,"accuracy":null,"heading":-1,"speed":-1.0,"battery_level":null}"#,
            #"{"latitude":7,"longitude":8,"accuracy":"near","heading":720,"speed":{},"battery_level":101,"timestamp":"x"}"#,
        ]
        let before = TestMetrics.counter("location_rejected_fields_total")
        for data in sent { phone.send("location_update", data) }
        let rows = try await server.positions(of: phone.person, count: sent.count)
        #expect(
            rows.map { [$0.latitude, $0.longitude] } == [[28.7041, 77.1025], [12, 77], [1.5, 2.5], [5, 6], [7, 8]])
        #expect(rows[0].accuracy == 10.5 && rows[0].heading == 180 && rows[0].speed == 25.5 && rows[0].battery == 75)
        #expect(rows[0].recordedAt == 1_763_548_200_000)
        for row in rows[1...] {
            #expect(row.accuracy == nil && row.heading == nil && row.speed == nil && row.battery == nil)
            #expect(row.recordedAt == nil)
        }
        #expect(TestMetrics.counter("location_rejected_fields_total") >= before + 5)
        #expect(phone.heard("error").isEmpty)
        phone.socket.close()
    }

    @Test func theSeedsSampleTwiceIsTwoRowsWithinTwoSeconds() async throws {
        let server = try await Shared.plain.value
        let phone = try await server.hiredPhone()
        phone.send("location_update", seedPosition)
        phone.send("location_update", seedPosition)
        let rows = try await server.positions(of: phone.person, count: 2, within: .seconds(2))
        #expect(rows.count == 2)
        #expect(abs(rows[0].createdAt - Int64(time(nil)) * 1000) < 60_000)
        phone.socket.close()
    }

    @Test func everyValidPositionIsStoredWhateverItsTimeItsAccuracyItsJumpOrTheDriversWord() async throws {
        let server = try await Shared.plain.value
        let phone = try await server.hiredPhone()
        _ = try await server.put("driver/status", as: phone.person.token, #"{"status":"offline"}"#)
        let held = TestMetrics.heldBack
        let times = [
            "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2099-12-31T23:59:59Z", "9999-12-31T23:59:59Z",
            "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z",
        ]
        for time in times {
            phone.send("location_update", #"{"latitude":12.9,"longitude":77.6,"timestamp":"\#(time)"}"#)
        }
        phone.send("location_update", #"{"latitude":-90,"longitude":-180,"accuracy":900000}"#)
        phone.send("location_update", #"{"latitude":60,"longitude":100,"accuracy":5}"#)
        let rows = try await server.positions(of: phone.person, count: times.count + 2)
        #expect(rows.count == times.count + 2)
        #expect(rows.prefix(times.count).map(\.recordedAt) == times.map { WireTime.parse($0) })
        #expect(TestMetrics.heldBack >= held + 2)
        let profile = try await server.get("driver/profile", as: phone.person.token).json
        #expect(profile["status"]?.text == "offline")
        phone.socket.close()
    }

    @Test func badMessagesAreAnsweredCountedAndTheSocketStays() async throws {
        let server = try await Shared.plain.value
        let phone = try await server.hiredPhone()
        let cases: [(String, String)] = [
            ("{", "malformed_json"), ("[]", "not_an_object"), (#"{"kind":1}"#, "missing_type"),
            (#"{"type":"location_update"}"#, "missing_data"),
            (#"{"type":"location_update","data":{"latitude":91,"longitude":0}}"#, "bad_latitude"),
            (#"{"type":"location_update","data":{"latitude":1,"longitude":181}}"#, "bad_longitude"),
            (#"{"type":"location_update","data":{"latitude":"1","longitude":1}}"#, "bad_latitude"),
            (#"{"type":"location_update","data":{"latitude":NaN,"longitude":1}}"#, "malformed_json"),
            (#"{"type":"teleport"}"#, "unknown_type"),
        ]
        for (number, (text, code)) in cases.enumerated() {
            let counted = TestMetrics.counter("ws_refused_messages_total", "\"\(code)\"")
            phone.socket.send(text)
            try await eventually(within: .seconds(5)) { phone.heard("error").count == number + 1 }
            let error = phone.heard("error").last?["data"]
            #expect(error?["code"]?.text == code, "\(text)")
            #expect(error?["detail"]?.text?.isEmpty == false)
            #expect(TestMetrics.counter("ws_refused_messages_total", "\"\(code)\"") > counted)
        }
        phone.send("location_update", seedPosition)
        #expect(try await server.positions(of: phone.person, count: 1).count == 1)
        for _ in 0..<20 { phone.socket.send("{") }
        #expect(try await phone.inbox.close(within: .seconds(5))?.code == 1008)
    }

    @Test func framesThatMayNotBeEndWithTheirCode() async throws {
        let server = try await Shared.plain.value
        let tooBig = [UInt8](repeating: 32, count: 16_385)
        let cases: [(@Sendable (DriverSocket) -> Void, UInt16)] = [
            ({ $0.send(tooBig) }, 1009), ({ $0.send(.binary, [1, 2, 3]) }, 1003),
            ({ $0.send(.text, [0x22, 0xFF]) }, 1007),
        ]
        for (send, code) in cases {
            let phone = try await server.hiredPhone()
            send(phone.socket)
            #expect(try await phone.inbox.close(within: .seconds(5))?.code == code)
        }
        let phone = try await server.hiredPhone()
        phone.socket.send([UInt8](repeating: 32, count: 16_384 - 15) + Array(#"{"type":"ping"}"#.utf8))
        _ = try await phone.hears("pong")
        phone.socket.close()
    }

    @Test func aPingIsAnsweredWithExactlyTheSeedsPong() async throws {
        let server = try await Shared.plain.value
        let phone = try await server.hiredPhone()
        phone.socket.send(#"{"type":"ping"}"#)
        _ = try await phone.hears("pong")
        #expect(phone.inbox.texts.contains(#"{"type":"pong"}"#))
        phone.socket.close()
    }

    @Test func aDriverWhoHasSaidNothingIsOnlineWithHisFirstPositionAndNotBefore() async throws {
        let server = try await Shared.plain.value
        let phone = try await server.hiredPhone()
        try await phone.settle()
        #expect(try await server.get("driver/profile", as: phone.person.token).json["is_online"]?.flag == false)
        phone.send("location_update", seedPosition)
        try await eventually(within: .seconds(5)) {
            try await server.get("driver/profile", as: phone.person.token).json["is_online"]?.flag == true
        }
        _ = try await server.put("driver/status", as: phone.person.token, #"{"status":"offline"}"#)
        phone.send("location_update", seedPosition)
        _ = try await server.positions(of: phone.person, count: 2)
        #expect(try await server.get("driver/profile", as: phone.person.token).json["is_online"]?.flag == false)
        #expect(phone.inbox.close == nil, "going offline leaves the socket to the app")
        phone.socket.close()
    }

    @Test func theClientsOwnCloseIsAnsweredWith1000() async throws {
        let server = try await Shared.plain.value
        let phone = try await server.hiredPhone()
        phone.socket.close(code: 1000)
        #expect(try await phone.inbox.close(within: .seconds(5))?.code == 1000)
    }

    @Test func aBlockedALoggedOutAndARenamedDriverAreClosedAtOnce() async throws {
        let server = try await Shared.plain.value
        let (blocked, left, changed) = (
            try await server.hiredPhone(), try await server.hiredPhone(), try await server.hiredPhone()
        )
        _ = try await server.client.call(
            .patch, "/api/v1/drivers/\(blocked.person.id)/status", token: server.admin,
            body: Array(#"{"status":"blocked"}"#.utf8))
        _ = try await server.post("auth/logout", as: left.person.token)
        _ = try await server.put(
            "auth/password", as: changed.person.token,
            #"{"current_password":"\#(RunningServer.password)","new_password":"a better password"}"#)
        for (phone, reason) in [(blocked, "driver_blocked"), (left, "logged_out"), (changed, "password_changed")] {
            #expect(try await phone.inbox.close(within: .seconds(2)) == SocketClose(code: 4001, reason: reason))
        }
    }

    @Test func theEndOfTheTokenIsTheEndOfTheSocket() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let short = try await server.token(for: driver.id, issuedAt: Int64(time(nil)) * 1000, life: 4)
        let phone = try await server.phone(RunningServer.Person(id: driver.id, token: short))
        #expect(
            try await phone.inbox.close(within: .seconds(12)) == SocketClose(code: 4001, reason: "token_expired"))
    }

    // MARK: - On the server with short limits

    @Test func aSilentDriverIsClosedWith1001AlthoughHisPhoneAnswersPings() async throws {
        let server = try await Shared.hasty.value
        let (silent, awake) = (try await server.hiredPhone(), try await server.hiredPhone())
        let close = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    awake.socket.send(#"{"type":"ping"}"#)
                    try await Task.sleep(for: .milliseconds(300))
                }
            }
            defer { group.cancelAll() }
            return try await silent.inbox.close(within: .seconds(6))
        }
        #expect(close?.code == 1001)
        #expect(silent.inbox.pings > 0)
        #expect(awake.inbox.close == nil)
        awake.socket.close()
    }

    @Test func twoUnansweredPingsDropTheSocket() async throws {
        let server = try await Shared.hasty.value
        let phone = try await server.phone(try await server.hire(), answersPings: false)
        let close = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    phone.socket.send(#"{"type":"ping"}"#)
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
            defer { group.cancelAll() }
            return try await phone.inbox.close(within: .seconds(15))
        }
        #expect(close != nil && close?.code == nil, "\(String(describing: close))")
        #expect(phone.inbox.pings >= 2)
    }

    @Test func aDriverWhoConnectsTooOftenIsSlowedThenClosedWith1008AndNobodyElse() async throws {
        let server = try await Shared.hasty.value
        let driver = try await server.hire()
        for _ in 0..<3 {
            let phone = try await server.phone(driver)
            phone.socket.close()
        }
        let inbox = Inbox()
        let clock = ContinuousClock()
        let start = clock.now
        _ = try await server.client.openSocket(driver: "\(driver.id)", token: driver.token) { inbox.receive($0) }
        let other = try await server.hiredPhone()
        other.socket.close()
        #expect(try await inbox.close(within: .seconds(10))?.code == 1008)
        #expect(clock.now - start > .seconds(3))
        #expect(inbox.texts == [])
    }

    @Test func messagesOverTheRateAreReadMoreSlowlyAndNoneIsLost() async throws {
        let server = try await Shared.hasty.value
        let phone = try await server.hiredPhone()
        let clock = ContinuousClock()
        let start = clock.now
        for number in 0..<170 {
            phone.send("location_update", #"{"latitude":12.9,"longitude":77.6,"speed":\#(number)}"#)
        }
        let rows = try await server.positions(of: phone.person, count: 170, within: .seconds(10))
        #expect(rows.map(\.speed) == (0..<170).map { Double($0) })
        #expect(clock.now - start > .seconds(1), "150 beyond the burst at 100 a second")
        #expect(phone.inbox.close == nil)
        phone.socket.close()
    }

    @Test func aServerThatStopsClosesWith1012() async throws {
        try await RunningServer.with(drivers: 1) { server in
            let phone = try await server.phone(server.drivers[0])
            server.stop()
            #expect(try await phone.inbox.close(within: .seconds(8))?.code == 1012)
        }
    }
}
