import Contract
import DispatchCore
import Fulfilment
import Gateway
import Geo
import NIOCore
import Synchronization
import Testing

/// What the gateway does when somebody asks for more than his share.
@Suite(.serialized, .timeLimit(.minutes(2))) struct GatewayLimitTests {
    private func console(_ server: LoopbackServer) async throws -> RawClient {
        let tab = try await server.connect()
        #expect(try await tab.upgrade("/api/v1/ws/admin?token=admin-1") == 101)
        #expect(try await tab.text().contains("connection_ack"))
        return tab
    }

    // MARK: Consoles

    @Test func aConsoleThatAsksWithoutReadingIsDroppedAtTheCap() async throws {
        try await LoopbackServer.run({
            $0.messageRate = 0
            $0.outboundCap = 1_000_000
        }) { server in
            let tab = try await console(server)
            try await tab.channel.setOption(.autoRead, value: false).get()
            let pings = (0..<2000).flatMap { _ in FrameReaderTests.frame(0x89, Array(repeating: 7, count: 120)) }
            for _ in 0..<200 where server.admins.consoleCount == 1 { try? await tab.send(pings) }
            for _ in 0..<500 where server.admins.consoleCount > 0 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(server.admins.consoleCount == 0)
            #expect(
                server.logs.lines.withLock { $0.contains { $0.contains("admin disconnected") && $0.contains("slow") } })
        }
    }

    @Test func aConsoleThatSaysMuchIsReadMoreSlowlyAndSilenceIsNotItsPong() async throws {
        try await LoopbackServer.run({
            $0.messageRate = 1
            $0.messageBurst = 3
        }) { server in
            let tab = try await console(server)
            for _ in 1...5 { try await tab.send(text: #"{"type":"ping"}"#) }
            for _ in 1...3 { #expect(try await tab.text() == #"{"type":"pong"}"#) }
            server.clock.advance(2000)
            for _ in 1...2 { #expect(try await tab.text() == #"{"type":"pong"}"#) }
            // It goes on talking and never answers a ping: nobody reads there. The first ping does not count, because
            // it was sent while the console was read slowly.
            for _ in 1...3 {
                server.clock.advance(30_000)
                #expect(try await tab.frame()?.opcode == 9)
                try await tab.send(text: #"{"type":"ping"}"#)
                #expect(try await tab.text() == #"{"type":"pong"}"#)
            }
            server.clock.advance(30_000)
            #expect(try await tab.isEnded())
        }
    }

    @Test func theWholeFleetIsShownInPortions() async throws {
        try await LoopbackServer.run { server in
            let point = try #require(GeoPoint(latitude: 12.9, longitude: 77.6))
            let sightings = (1...5000 as ClosedRange<Int64>).map { id in
                DriverSighting(
                    fix: Fix(driverID: DriverID(id), point: point, receivedAt: server.clock.now.wall), isOnline: true,
                    isDelivering: false)
            }
            server.door.state.withLock { $0.sightings = sightings }
            let tab = try await console(server)
            for id in 1...5000 { #expect(try await tab.text().contains(#""driver_id":\#(id),"#)) }
        }
    }

    @Test func aKeptAliveConnectionWithoutARequestIsClosedAfterAMinute() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.connect()
            for _ in 0..<3 {
                try await client.send(Array("GET /x HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
                #expect(try await client.head().status == 204)
                server.clock.advance(59_000)
            }
            server.clock.advance(1000)
            #expect(try await client.isEnded())
        }
    }

    // MARK: Bodies

    /// The time in which the server itself does not read, because others are served first, is not the client's.
    @Test(arguments: [true, false]) func aBodyHasTwoMinutesWithoutTheTimeInWhichNobodyReadsIt(waits: Bool) async throws
    {
        try await LoopbackServer.run { server in
            let client = try await server.connect()
            let size = 32 << 20
            let path = waits ? "/turn" : "/x"
            try await client.send(Array("POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n".utf8))
            // More than all buffers on the way hold, so that it is the server who waits; the other one has read it all
            // and waits for the rest.
            let part = [UInt8](repeating: 97, count: waits ? size : size / 2)
            client.channel.writeAndFlush(ByteBuffer(bytes: part), promise: nil)
            if waits {
                for _ in 0..<20 {
                    try await Task.sleep(for: .milliseconds(150))
                    server.clock.advance(10_000)
                }
                #expect(!client.hasEnded)
                server.giveTurn()
                #expect(try await client.head().status == 204)
            } else {
                for _ in 0..<40 where !client.hasEnded {
                    try await Task.sleep(for: .milliseconds(150))
                    server.clock.advance(10_000)
                }
                #expect(client.hasEnded)
            }
        }
    }

    // MARK: Connections

    /// The connection that the server ends at once, and those that it keeps. Which one it is cannot be said: several
    /// event loops count them.
    private func theOneLeftOut(of clients: [RawClient]) async throws -> (RawClient, others: [RawClient]) {
        var ended: Int?
        for _ in 0..<500 where ended == nil {
            ended = clients.firstIndex { $0.hasEnded }
            if ended == nil { try await Task.sleep(for: .milliseconds(10)) }
        }
        var others = clients
        let one = others.remove(at: try #require(ended, "no connection was ended"))
        #expect(others.allSatisfy { !$0.hasEnded })
        return (one, others)
    }

    @Test func anAddressMayOpenOnlySoManyConnectionsThatSayNothing() async throws {
        try await LoopbackServer.run({
            $0.undecidedPerAddress = 2
            $0.guardsLoopback = true
        }) { server in
            let clients = try await [server.connect(), server.connect(), server.connect()]
            let first = try await theOneLeftOut(of: clients).others[0]
            // Who says something makes room.
            #expect(try await first.upgrade("/api/v1/ws/driver/7?token=driver-7") == 101)
            #expect(try await first.text().contains("connection_ack"))
            _ = try await server.driver(8)
        }
    }

    @Test func connectionsOfThisMachineAreCountedOnlyAmongAll() async throws {
        try await LoopbackServer.run({
            $0.undecidedPerAddress = 1
            $0.undecidedConnections = 3
        }) { server in
            let clients = try await [server.connect(), server.connect(), server.connect(), server.connect()]
            let quiet = try await theOneLeftOut(of: clients).others
            for client in quiet { try await client.channel.close().get() }
            var isOpen = false
            for _ in 0..<300 where !isOpen {
                isOpen = (try? await server.driver(8)) != nil
                if !isOpen { try await Task.sleep(for: .milliseconds(10)) }
            }
            #expect(isOpen)
        }
    }

    @Test func anAnswerThatNobodyTakesIsCutOff() async throws {
        try await LoopbackServer.run { server in
            let client = try await server.connect()
            try await client.channel.setOption(.autoRead, value: false).get()
            // Answers pile up, because the client asks and asks and reads nothing.
            let get = Array("GET /large HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
            try await client.send(Array(repeating: get, count: 40).flatMap { $0 })
            _ = try await server.driver(8)
            var isCut = false
            for _ in 0..<60 where !isCut {
                server.clock.advance(10_000)
                try await Task.sleep(for: .milliseconds(50))
                do { try await client.send([]) } catch { isCut = true }
                isCut = isCut || !client.channel.isActive
            }
            try await client.channel.setOption(.autoRead, value: true).get()
            #expect(try await client.isEnded())
        }
    }

    // MARK: Frames

    @Test func framesReadBeforeThePeerClosedItsSideCount() async throws {
        try await LoopbackServer.run({
            $0.messageRate = 1
            $0.messageBurst = 2
        }) { server in
            let client = try await server.driver(7)
            let position = #"{"type":"location_update","data":{"latitude":12.5,"longitude":77.5}}"#
            try await client.send((0..<4).flatMap { _ in FrameReaderTests.frame(0x81, Array(position.utf8)) })
            try await client.channel.close(mode: .output).get()
            for _ in 0..<400 where server.door.state.withLock({ $0.fixes.count }) < 4 {
                server.clock.advance(500)
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(server.door.state.withLock { $0.fixes.count } == 4)
            #expect(try await client.isEnded())
        }
    }

    // MARK: Delivery

    @Test func whatThePhoneHasConfirmedIsNotOfferedAgainBeforeTheMarkIsWritten() async throws {
        try await LoopbackServer.run({ $0.markInterval = 1_000_000 }) { server in
            let first = try await server.driver(7)
            let events = server.log.append([.offer(1), .offer(2)], to: DriverID(7))
            server.push.push(events)
            var acknowledged = 0
            while acknowledged < 2 {
                let frame = try #require(try await first.frame())
                if frame.opcode == 1 { acknowledged += 1 }
            }
            try await first.send(text: #"{"type":"ack","data":{"seq":1}}"#)
            try await first.send(text: #"{"type":"ping"}"#)
            while try await first.text() != #"{"type":"pong"}"# {}
            // The database has not heard of it, and a new phone asks.
            #expect(server.log.state.withLock { $0.delivered[DriverID(7)] } == nil)
            let second = try await server.driver(7)
            #expect(try await second.text().contains(#""order_id":2"#))
            await server.gateway.recordMarks()
            #expect(server.log.state.withLock { $0.delivered[DriverID(7)] } == 1)
        }
    }
}

@Suite struct JoinDeskTests {
    @Test func theNewestOfADriverAnswersAndWhoeverIsGoneIsPassedOver() async throws {
        let desk = JoinDesk(limit: 3)
        let answered = Mutex<[String]>([])
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        func ask(_ driver: Int64, _ name: String, isThere: Bool = true) {
            desk.ask(.driver(DriverID(driver)), while: { isThere }) {
                answered.withLock { $0.append(name) }
                if name == "last" { end.yield(()) }
            }
        }
        ask(1, "old")
        ask(2, "gone", isThere: false)
        ask(1, "new")
        ask(3, "last")
        ask(4, "too many")
        let run = Task { await desk.run() }
        for await _ in ends { break }
        run.cancel()
        #expect(Set(answered.withLock { $0 }) == ["new", "last"])
    }
}

@Suite struct MeterTests {
    @Test(
        arguments: [
            (1000, "1000"), (1001, "1001"), (1006, "other"), (3333, "3xxx"), (4001, "4xxx"), (4999, "4xxx"),
            (17, "other"),
            (65_535, "other"),
        ] as [(UInt16, String)])
    func aClientsCodeMakesNoSeriesOfItsOwn(code: UInt16, word: String) {
        #expect(SocketEnd(cause: .closedByClient(code: code), framesReceived: 0).codeForMeters == word)
    }

    @Test func ourOwnCodesAreTold() {
        #expect(SocketEnd(cause: .closed(.takenOver), framesReceived: 0).codeForMeters == "4003")
    }
}

@Suite struct RefusalLogTests {
    @Test func aStormIsSummedUp() {
        let log = RefusalLog()
        let told = (0..<1000).compactMap { _ in log.speaks(at: 0) }
        #expect(told == Array(repeating: 0, count: 100))
        #expect(log.speaks(at: 1000) == 900)
        #expect(log.speaks(at: 1000) == 0)
    }
}
