import Contract
import DispatchCore
import Fulfilment
import Gateway
import Geo
import NIOCore
import Synchronization
import Testing

/// The whole path over real sockets of the loopback; time moves only by the manual clock, except for the 100 ms tick
/// that looks at it.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LoopbackTests {
    private let position = #"{"type":"location_update","data":{"latitude":12.5,"longitude":77.5}}"#

    // MARK: Verdicts

    static let refusals: [(String, String)] = [
        ("/api/v1/ws/driver/7", "token_missing"), ("/api/v1/ws/driver/7?token=", "token_missing"),
        ("/api/v1/ws/driver/7?token=rubbish", "token_invalid"), ("/api/v1/ws/driver/7?token=expired", "token_expired"),
        ("/api/v1/ws/driver/8?token=driver-7", "driver_mismatch"),
        ("/api/v1/ws/driver/x?token=driver-7", "driver_mismatch"),
        ("/api/v1/ws/driver/7?token=admin-1", "wrong_role"), ("/api/v1/ws/admin?token=driver-7", "wrong_role"),
        ("/api/v1/ws/driver/66?token=driver-66", "driver_blocked"),
    ]

    @Test(arguments: refusals)
    func aBadTokenIsToldAfterTheUpgrade(path: String, reason: String) async throws {
        try await LoopbackServer.run { server in
            server.door.state.withLock { _ = $0.blocked.insert(DriverID(66)) }
            let client = try await server.connect()
            #expect(try await client.upgrade(path) == 101)
            let close = try await client.close()
            #expect(close == (4001, reason))
            #expect(try await client.isEnded())
            // The client sees the end a moment before the server has cleaned up.
            for _ in 0..<300 where server.registry.count != 0 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(server.registry.count == 0)
        }
    }

    @Test func aBadTokenIsToldThoughTheClientGoesOnSending() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.connect()
            let flood = (0..<200).flatMap { _ in FrameReaderTests.frame(0x81, Array(position.utf8)) }
            #expect(try await client.upgrade("/api/v1/ws/driver/7?token=expired", then: flood) == 101)
            #expect(try await client.close() == (4001, "token_expired"))
            #expect(server.door.state.withLock { $0.fixes.isEmpty })
        }
    }

    @Test func aSocketThatDoesNotAnswerItsCloseIsGoneAfterTheGrace() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.connect()
            _ = try await client.upgrade("/api/v1/ws/driver/7?token=expired")
            _ = try await client.close()
            server.clock.advance(2000)
            // Our half of the stream stays open; once the server has let go, writing into it fails.
            await #expect(throws: (any Error).self) {
                while true { try await client.send([0]) }
            }
        }
    }

    @Test func theTokenMayComeInAHeader() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.connect()
            #expect(try await client.upgrade("/api/v1/ws/driver/7", headers: ["Authorization: Bearer driver-7"]) == 101)
            #expect(try await client.text().contains(#""driver_id":7"#))
        }
    }

    @Test func noLogLineEverHoldsAToken() async throws {
        try await LoopbackServer.run { server in
            let good = try await server.driver(7, token: "driver-7-until-9999999999999")
            try await good.send(text: position)
            try await good.send(FrameReaderTests.frame(0x88, [3, 232]))
            _ = try await good.close()
            let bad = try await server.connect()
            _ = try await bad.upgrade("/api/v1/ws/driver/7?token=secretrubbish")
            _ = try await bad.close()
            let lines = server.logs.lines.withLock { $0 }
            #expect(lines.contains { $0.contains("driver connected") && $0.contains("driver_id=7") })
            #expect(lines.contains { $0.contains("driver disconnected") && $0.contains("code=1000") })
            #expect(lines.contains { $0.contains("socket refused") && $0.contains("reason=token_invalid") })
            for secret in ["driver-7-until", "secretrubbish", "token="] {
                #expect(!lines.contains { $0.contains(secret) }, "\(secret)")
            }
        }
    }

    // MARK: Messages

    @Test func aDriverIsGreetedHeardAndAnswered() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.driver(7)
            try await client.send(text: #"{"type":"ping"}"#)
            #expect(try await client.text() == #"{"type":"pong"}"#)
            try await client.send(text: position)
            try await client.send(text: #"{"type":"location_update","data":{"lat":91,"lng":0}}"#)
            #expect(try await client.text().contains(#""code":"bad_latitude""#))
            try await client.send(text: "{")
            #expect(try await client.text().contains(#""code":"malformed_json""#))
            let fixes = server.door.state.withLock { $0.fixes }
            #expect(fixes.count == 1)
            #expect(fixes.first?.driverID == DriverID(7))
            #expect(fixes.first?.receivedAt == server.clock.now.wall)
        }
    }

    @Test func aFrameInTheUpgradesOwnSegmentIsNotLost() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.connect()
            let ping = FrameReaderTests.frame(0x81, Array(#"{"type":"ping"}"#.utf8))
            #expect(try await client.upgrade("/api/v1/ws/driver/7?token=driver-7", then: ping) == 101)
            #expect(try await client.text().contains("connection_ack"))
            #expect(try await client.text() == #"{"type":"pong"}"#)
        }
    }

    @Test func manyPositionsInOneSegmentKeepTheirOrder() async throws {
        try await LoopbackServer.run({ $0.messageRate = 0 }) { server in
            let client = try await server.driver(7)
            let bytes = (0..<500).flatMap { index in
                FrameReaderTests.frame(
                    0x81, Array(#"{"type":"location_update","data":{"lat":\#(Double(index) / 10),"lng":1}}"#.utf8))
            }
            try await client.send(bytes + FrameReaderTests.frame(0x81, Array(#"{"type":"ping"}"#.utf8)))
            #expect(try await client.text() == #"{"type":"pong"}"#)
            // The pong left before the turn's positions were handed on; one more round trip is after it.
            try await client.send(text: #"{"type":"ping"}"#)
            _ = try await client.text()
            let latitudes = server.door.state.withLock { $0.fixes.map(\.point.latitude) }
            #expect(latitudes == (0..<500).map { Double($0) / 10 })
        }
    }

    @Test func fragmentsAndControlFramesBetweenThemAreUnderstood() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.driver(7)
            try await client.send(
                FrameReaderTests.frame(0x01, Array(#"{"type""#.utf8)) + FrameReaderTests.frame(0x89, [42])
                    + FrameReaderTests.frame(0x80, Array(#":"ping"}"#.utf8)))
            let pong = try await client.frame()
            #expect(pong?.opcode == 10 && pong?.payload == [42])
            #expect(try await client.text() == #"{"type":"pong"}"#)
        }
    }

    static let violations: [(String, [UInt8], Int)] = [
        ("unmasked", FrameReaderTests.frame(0x81, [65], mask: nil), 1002),
        ("reserved bit", FrameReaderTests.frame(0xC1, [65]), 1002),
        ("reserved opcode", FrameReaderTests.frame(0x83, []), 1002),
        ("binary", FrameReaderTests.frame(0x82, [1, 2]), 1003),
        ("invalid UTF-8", FrameReaderTests.frame(0x81, [0xC0, 0x80]), 1007),
        ("too big", FrameReaderTests.frame(0x81, [UInt8](repeating: 65, count: 16_385)), 1009),
        (
            "too big in fragments",
            FrameReaderTests.frame(0x01, [UInt8](repeating: 65, count: 16_000))
                + FrameReaderTests.frame(0x80, [UInt8](repeating: 65, count: 385)), 1009
        ),
    ]

    @Test(arguments: violations)
    func aMalformedFrameIsClosedWithItsCode(name: String, bytes: [UInt8], code: Int) async throws {
        try await LoopbackServer.run { server in
            let client = try await server.driver(7)
            try await client.send(bytes)
            #expect(try await client.close().code == code, "\(name)")
            #expect(try await client.isEnded())
            // The client sees the end a moment before the server has cleaned up.
            for _ in 0..<300 where server.registry.count != 0 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(server.registry.count == 0)
        }
    }

    @Test func theLimitOfAMessageItselfIsAllowed() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.driver(7)
            let text = #"{"type":"ping","x":""# + String(repeating: "a", count: 16_384 - 22) + #""}"#
            try #require(text.utf8.count == 16_384)
            try await client.send(text: text)
            #expect(try await client.text() == #"{"type":"pong"}"#)
        }
    }

    @Test func theClientsCloseIsAnsweredWithItsCode() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.driver(7)
            try await client.send(FrameReaderTests.frame(0x88, [3, 232] + Array("bye".utf8)))
            #expect(try await client.close() == (1000, ""))
            #expect(try await client.isEnded())
        }
    }

    // MARK: Sessions

    @Test func aNewerConnectionTakesOverAndTheOldOneGets4003() async throws {
        try await LoopbackServer.run { server in
            let old = try await server.driver(7)
            let new = try await server.driver(7)
            #expect(try await old.close() == (4003, "duplicate_connection"))
            #expect(try await old.isEnded())
            server.push.push(server.log.append([.offer(5)], to: DriverID(7)))
            #expect(try await new.text().contains(#""order_id":5"#))
            #expect(server.registry.count == 1)
        }
    }

    @Test func aTakeOverDoesNotWaitForADeadOldPhone() async throws {
        try await LoopbackServer.run { server in
            // The old phone neither reads nor answers; its socket stays half open.
            let old = try await server.driver(7)
            try await old.channel.setOption(.autoRead, value: false).get()
            let new = try await server.driver(7)
            try await new.send(text: #"{"type":"ping"}"#)
            #expect(try await new.text() == #"{"type":"pong"}"#)
        }
    }

    @Test func eventsArriveInOrderAndAPongMarksThemDelivered() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.driver(7)
            server.push.push(server.log.append([.offer(5), .offer(6)], to: DriverID(7)))
            #expect(try await client.text().contains(#""seq":1"#))
            let second = try #require(try await client.frame())
            #expect(String(decoding: second.payload, as: UTF8.self).contains(#""seq":2"#))
            let ping = try #require(try await client.frame())
            #expect(ping.opcode == 9)
            try await client.send(FrameReaderTests.frame(0x8A, ping.payload))
            try await client.send(text: #"{"type":"ping"}"#)
            _ = try await client.text()
            await server.gateway.recordMarks()
            #expect(server.log.state.withLock { $0.delivered[DriverID(7)] } == 2)
            #expect(server.log.state.withLock { $0.sent[DriverID(7)] } == 2)
        }
    }

    @Test func whatWasNotDeliveredIsReplayedAtTheNextConnect() async throws {
        try await LoopbackServer.run { server in
            let events = server.log.append(
                [.offer(5), .offer(6), .orderCancelled(order: 5, reason: "x")], to: DriverID(7))
            server.push.push(events)
            let client = try await server.driver(7)
            #expect(try await client.text().contains(#""order_id":6"#))
            #expect(try await client.text().contains("order_cancelled"))
            try await client.send(text: #"{"type":"ack","seq":3}"#)
            try await client.send(text: #"{"type":"ping"}"#)
            #expect(try await client.text() == #"{"type":"pong"}"#)
            await server.gateway.recordMarks()
            let again = try await server.driver(7)
            try await again.send(text: #"{"type":"ping"}"#)
            #expect(try await again.text() == #"{"type":"pong"}"#)
        }
    }

    @Test func aReplayFarBeyondTheOutboundLimitArrivesWholeAndInOrder() async throws {
        try await LoopbackServer.run { server in
            let long = (1...400).map { 10_000 + Int64($0) }
            _ = server.log.append(long.map { .offer($0, of: long) }, to: DriverID(7))
            let client = try await server.driver(7)
            var (bytes, orders): (Int, [Int64]) = (0, [])
            while orders.count < long.count {
                let text = try await client.text()
                bytes += text.utf8.count
                let named = try #require(text.firstMatch(of: /"order_id":(\d+)/))
                orders.append(try #require(Int64(named.output.1)))
            }
            #expect(orders == long)
            #expect(bytes > 200_000)
            // A forced batch of a hundred orders comes as one hint.
            let batch = (1...100).map { 20_000 + Int64($0) }
            server.push.push(server.log.append(batch.map { .offer($0, of: batch) }, to: DriverID(7)))
            for order in batch { #expect(try await client.text().contains("\"order_id\":\(order),")) }
            #expect(server.push.isConnected(DriverID(7)))
        }
    }

    @Test func theSweepFindsWhatALostHintMissed() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.driver(7)
            _ = server.log.append([.offer(5)], to: DriverID(7))
            await server.gateway.sweepOnce()
            #expect(try await client.text().contains(#""order_id":5"#))
        }
    }

    @Test func aHintOfAnotherServerIsFollowedForWhomItNamesAndForEverybodyWhenItNamesNobody() async throws {
        try await LoopbackServer.run { server in
            let (named, other) = (try await server.driver(7), try await server.driver(8))
            _ = server.log.append([.offer(5)], to: DriverID(7))
            _ = server.log.append([.offer(6)], to: DriverID(8))
            await server.gateway.look(for: [DriverID(7), DriverID(9)])
            #expect(try await named.text().contains(#""order_id":5"#))
            await server.gateway.look(for: [])
            #expect(try await other.text().contains(#""order_id":6"#))
        }
    }

    @Test func withoutTheDatabaseADriverIsStillGreeted() async throws {
        try await LoopbackServer.run { server in
            server.door.state.withLock { $0.isAnswering = false }
            _ = server.log.append([.offer(5)], to: DriverID(7))
            let client = try await server.connect()
            #expect(try await client.upgrade("/api/v1/ws/driver/7?token=driver-7") == 101)
            // The question to the store may begin after the clock has moved, so the clock moves a few times.
            for _ in 0..<4 {
                server.clock.advance(2000)
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(try await client.text().contains("connection_ack"))
            await server.gateway.sweepOnce()
            #expect(try await client.text().contains(#""order_id":5"#))
        }
    }

    @Test func aBlockedDriverIsClosedAtOnce() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.driver(7)
            server.push.cutOff(DriverID(7), because: .blocked)
            #expect(try await client.close() == (4001, "driver_blocked"))
        }
    }

    @Test func aTokenThatExpiresClosesItsSocket() async throws {
        try await LoopbackServer.run { server in
            let until = server.clock.now.wall.milliseconds + 60_000
            let client = try await server.driver(7, token: "driver-7-until-\(until)")
            server.clock.advance(60_000)
            #expect(try await client.close() == (4001, "token_expired"))
        }
    }

    @Test func aSilentDriverIsClosedWith1001() async throws {
        try await LoopbackServer.run({ $0.unansweredPings = 1000 }) { server in
            let client = try await server.driver(7)
            server.clock.advance(300_000)
            #expect(try await client.close() == (1001, "idle"))
        }
    }

    @Test func aHalfOpenSocketIsDroppedAfterItsPings() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.driver(7)
            for _ in 0..<2 {
                server.clock.advance(25_000)
                #expect(try await client.frame()?.opcode == 9)
            }
            server.clock.advance(25_000)
            #expect(try await client.frame() == nil)
            #expect(server.registry.count == 0)
        }
    }

    @Test func aDriverWhoReconnectsTooFastIsHeldThenClosedWith1008() async throws {
        try await LoopbackServer.run({ $0.connectBurst = 2 }) { server in
            for _ in 1...2 { _ = try await server.driver(7) }
            let third = try await server.connect()
            #expect(try await third.upgrade("/api/v1/ws/driver/7?token=driver-7") == 101)
            server.clock.advance(5000)
            #expect(try await third.close() == (1008, "too_many_connections"))
            #expect(server.registry.count == 1)
        }
    }

    @Test func aSlowReaderIsDroppedAndNobodyElse() async throws {
        try await LoopbackServer.run({ $0.outboundLimit = 16_384 }) { server in
            let slow = try await server.driver(7)
            let other = try await server.driver(8)
            try await slow.channel.setOption(.autoRead, value: false).get()
            var rounds = 0
            while server.push.isConnected(DriverID(7)), rounds < 20_000 {
                server.push.push(server.log.append((0..<20).map { .offer($0 + 1) }, to: DriverID(7)))
                rounds += 1
                if rounds.isMultiple(of: 50) {
                    try await other.send(text: #"{"type":"ping"}"#)
                    #expect(try await other.text() == #"{"type":"pong"}"#)
                }
            }
            #expect(!server.push.isConnected(DriverID(7)))
            #expect(server.push.isConnected(DriverID(8)))
            #expect(server.logs.lines.withLock { $0.contains { $0.contains("reason=slow_reader") } })
        }
    }

    @Test func aDrainClosesEverybodyWith1012WithinItsWindow() async throws {
        try await LoopbackServer.run { server in
            let (first, second) = (try await server.driver(7), try await server.driver(8))
            server.gateway.drain()
            #expect(try await first.close() == (1012, "restart"))
            #expect(server.push.isConnected(DriverID(8)))
            server.clock.advance(5000)
            #expect(try await second.close() == (1012, "restart"))
            let late = try await server.connect()
            _ = try await late.upgrade("/api/v1/ws/driver/9?token=driver-9")
            #expect(try await late.close() == (1012, "restart"))
        }
    }

    // MARK: HTTP

    @Test func restAndASocketShareOneConnection() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.connect()
            for _ in 1...2 {
                try await client.send(Array("GET /x HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
                #expect(try await client.head().status == 204)
            }
            #expect(try await client.upgrade("/api/v1/ws/driver/7?token=driver-7") == 101)
            #expect(try await client.text().contains("connection_ack"))
            try await client.send(text: #"{"type":"ping"}"#)
            #expect(try await client.text() == #"{"type":"pong"}"#)
        }
    }

    @Test func anUpgradePipelinedBehindARequestWaitsForItsAnswer() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.connect()
            let get = Array("GET /x HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
            try await client.send(get + RawClient.request("/api/v1/ws/driver/7?token=driver-7"))
            #expect(try await client.head().status == 204)
            #expect(try await client.head().status == 101)
            #expect(try await client.text().contains("connection_ack"))
        }
    }

    @Test func aFloodingAddressGets429BeforeTheUpgrade() async throws {
        try await LoopbackServer.run({
            $0.addressBurst = 1
            $0.guardsLoopback = true
        }) { server in
            _ = try await server.driver(7)
            let client = try await server.connect()
            try await client.send(RawClient.request("/api/v1/ws/driver/7?token=driver-7"))
            let head = try await client.head()
            #expect(head.status == 429)
            #expect(head.text.contains("retry-after: 1"))
        }
    }

    @Test func aSocketsPathWithoutAnUpgradeIsToldToUpgrade() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.connect()
            try await client.send(Array("GET /api/v1/ws/driver/7?token=x HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
            #expect(try await client.head().status == 426)
        }
    }

    @Test func anUpgradeWithoutAKeyIsABadRequest() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.connect()
            let request =
                "GET /api/v1/ws/driver/7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            try await client.send(Array(request.utf8))
            #expect(try await client.head().status == 400)
        }
    }

    @Test(arguments: ["", "GET /api/v1/ws/driver/7 HTTP/1.1\r\nHost:"])
    func aClientThatNeverEndsItsRequestIsGone(bytes: String) async throws {
        try await LoopbackServer.run { server in
            let client = try await server.connect()
            try await client.send(Array(bytes.utf8))
            // A round trip of another connection: by then the server has taken the first one.
            _ = try await server.driver(8)
            server.clock.advance(10_000)
            #expect(try await client.isEnded())
        }
    }

    @Test func hugeHeadersAreRefused() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.connect()
            let status = try await client.upgrade(
                "/api/v1/ws/driver/7", headers: ["X: " + String(repeating: "a", count: 20_000)])
            #expect(status == 400)
        }
    }

    @Test func anOlderTokenNeverPutsANewerSessionOut() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.driver(7, token: "driver-7-epoch-2")
            let old = try await server.connect()
            #expect(try await old.upgrade("/api/v1/ws/driver/7?token=driver-7-epoch-1") == 101)
            #expect(try await old.close() == (4001, "token_revoked"))
            try await client.send(text: #"{"type":"ping"}"#)
            #expect(try await client.text() == #"{"type":"pong"}"#)
            server.push.revoke(DriverID(7), before: 2)
            server.push.revoke(DriverID(7), before: 3)
            #expect(try await client.close() == (4001, "token_revoked"))
            // As long as he was connected he was there.
            func isSeen() -> Bool { server.door.state.withLock { $0.seen.contains(DriverID(7)) } }
            // The client sees the end a moment before the server has noted it.
            for _ in 0..<300 where !isSeen() { try await Task.sleep(for: .milliseconds(10)) }
            #expect(isSeen())
        }
    }

    @Test func refusedAndHeldSocketsAreLoggedAndAFloodIsNotAFloodOfLines() async throws {
        try await LoopbackServer.run({ settings in
            settings.connectBurst = 1
            settings.addressBurst = 4
            settings.addressRefill = 0.001
            settings.guardsLoopback = true
        }) { server in
            _ = try await server.driver(7)
            for path in ["/api/v1/ws/driver/7?token=driver-7", "/api/v1/ws/driver/8?token=driver-7"] {
                #expect(try await server.connect().upgrade(path) == 101)
            }
            for _ in 0..<12 { _ = try await server.connect().upgrade("/api/v1/ws/driver/9?token=driver-9") }
            let lines = server.logs.lines.withLock { $0 }
            #expect(lines.contains { $0.contains("driver connects too often") && $0.contains("driver_id=7") })
            let refused = "address=127.0.0.1 code=4001 driver_id=8"
            #expect(lines.contains { $0.contains("socket refused") && $0.contains(refused) })
            #expect(lines.count { $0.contains("status=429") } == 5)
            #expect(!lines.contains { $0.contains("token=") })
        }
    }

    // MARK: Admins

    @Test func aConsoleIsToldNothingBeforeTheStoreHasAdmittedIt() async throws {
        try await LoopbackServer.run { server in
            server.door.state.withLock { $0.isAnswering = false }
            let refused = try await server.connect()
            #expect(try await refused.upgrade("/api/v1/ws/admin?token=admin-1") == 101)
            let first = try #require(try await refused.frame())
            #expect(first.opcode == 8)
            #expect(server.admins.consoleCount == 0)
            server.door.state.withLock { $0.isAnswering = true }
            let console = try await server.connect()
            #expect(try await console.upgrade("/api/v1/ws/admin?token=admin-1-epoch-1") == 101)
            #expect(try await console.text().contains("connection_ack"))
            try await console.send(text: #"{"type":"ping"}"#)
            #expect(try await console.text() == #"{"type":"pong"}"#)
            server.admins.revoke(AdminID(1), before: 1)
            server.admins.revoke(AdminID(1), before: 2)
            #expect(try await console.close() == (4001, "token_revoked"))
        }
    }

    @Test func manyTabsOfOneAdminSeeTheNewestOfEverything() async throws {
        try await LoopbackServer.run { server in
            var tabs: [RawClient] = []
            for _ in 1...2 {
                let tab = try await server.connect()
                #expect(try await tab.upgrade("/api/v1/ws/admin?token=admin-1") == 101)
                #expect(try await tab.text().contains("connection_ack"))
                tabs.append(tab)
            }
            for order in 1...20 { server.admins.orderChanged(OrderID(Int64(order)), state: .assigned, driverName: "A") }
            server.admins.orderChanged(OrderID(20), state: .accepted, driverName: "A")
            server.admins.flush(at: server.clock.now)
            for tab in tabs {
                let messages = [try await tab.text(), try await tab.text(), try await tab.text(), try await tab.text()]
                #expect(messages[2].contains(#""order_id":20,"status":"ACCEPTED""#))
                #expect(messages[3].contains("order_status_update"))
                try await tab.send(text: #"{"type":"ping"}"#)
                #expect(try await tab.text() == #"{"type":"pong"}"#)
            }
            server.clock.advance(310_000)
            #expect(try await tabs[0].frame()?.opcode == 9)
            #expect(server.admins.consoleCount == 2)
        }
    }
}
