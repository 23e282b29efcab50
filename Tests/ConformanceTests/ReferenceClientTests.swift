import NIOCore
import TestSupport
import Testing

/// `data/clients/driver.mjs` is what app developers copy from, so it is run for real.
@Suite("The reference client under Node", .timeLimit(.minutes(1)), .enabled(if: Node.isWanted, "\(Node.leaveOut)"))
struct ReferenceClientTests {
    @Test(
        "it connects, reconnects after a lost network, refreshes on 4001 and stops on 4003",
        arguments: Node.Sockets.allCases)
    func lifecycle(sockets: Node.Sockets) async throws {
        // Older runtimes have none of their own; there is nothing to be run then.
        guard sockets == .package || Node.hasBuiltInSockets else { return }
        let server = try await DoubleServer.start()
        let node = try NodeProcess(
            "driver.mjs",
            ["--url", "http://127.0.0.1:\(server.port)", "--identity", "driver-7", "--password", "x"], sockets: sockets)
        try await node.expect(#""type":"connection_ack""#, times: 1)
        try await node.expect("connected", times: 1)

        try await server.state.socket(of: 7)?.close().get()
        try await node.expect("closed 1006", times: 1)
        try await node.expect(#""type":"connection_ack""#, times: 2)

        let refused = try #require(server.state.socket(of: 7))
        DoubleSocketHandler.close(refused, 4001)
        try await node.expect("closed 4001", times: 1)
        try await node.expect(#""type":"connection_ack""#, times: 3)

        server.state.assign(41, to: 7)
        try await node.expect(#""order_id":41"#, times: 1)

        let taken = try #require(server.state.socket(of: 7))
        DoubleSocketHandler.close(taken, 4003)
        try await node.expect("logged in elsewhere", times: 1)
        #expect(await node.exitCode() == 1)
        await server.stop()
    }

    @Test("its decisions hold without a network: jitter, back-off of a failing refresh, events once, the end on 4003")
    func decisions() async throws {
        let node = try NodeProcess("driver.test.mjs", sockets: .package)
        #expect(await node.exitCode() == 0, "\(node.text)")
        #expect(node.text.contains("pass 13"), "\(node.text)")
    }
}
