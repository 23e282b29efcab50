import DriverClient
import Testing
import tiffin

@Suite("tiffin load", .timeLimit(.minutes(1)))
struct LoadTests {
    @Test("a healthy server is measured and keeps its thresholds")
    func healthy() async throws {
        let summary = try await run(fault: nil)
        #expect(summary.connect.count == 20)
        #expect(summary.pong.count >= 40)
        #expect(summary.push.count == 10)
        #expect(summary.positions >= 100)
        #expect(summary.failures == 0)
        #expect(LoadThresholds(connect: 2_000, pong: 2_000, push: 1_000).broken(by: summary) == [])
    }

    @Test("late and lost events break the thresholds")
    func late() async throws {
        let late = try await run(fault: .ordersLate)
        #expect(LoadThresholds(push: 1_000).broken(by: late).count >= 1)
        let silent = try await run(fault: .ignoresPing)
        #expect(LoadThresholds(pong: 1_000).broken(by: silent).first == "pong was never measured")
        #expect(silent.lostPongs >= 40 && silent.failures >= 40, "who never answers has failed")
    }

    @Test("refused connections are failures")
    func refused() async throws {
        let summary = try await run(fault: .closesValidTokens)
        #expect(summary.failures >= 20)
        #expect(!LoadThresholds().broken(by: summary).isEmpty)
    }

    @Test("phones that lose their network come back and are no failures")
    func churn() async throws {
        let summary = try await run(fault: nil) {
            $0.reconnectsPerMinute = 600
            $0.duration = .seconds(3)
        }
        #expect(summary.connect.count == 30)
        #expect(summary.failures == 0)
    }

    private func run(
        fault: PlantedFault?, edit: (inout LoadPlan) -> Void = { _ in }
    ) async throws -> LoadFigures.Summary {
        let server = try await DoubleServer.start(fault: fault)
        let address = try #require(ServerAddress("http://127.0.0.1:\(server.port)"))
        let drivers = (1...20).map { LoadDriver(id: $0, token: server.state.issue($0, .driver)) }
        var plan = LoadPlan(
            address: address, drivers: drivers, ramp: .milliseconds(200), duration: .seconds(2),
            locationEvery: .milliseconds(200), pingEvery: .milliseconds(500), ordersPerMinute: 300,
            adminToken: server.state.issue(1, .admin))
        edit(&plan)
        let summary = try await LoadRun.run(plan) { _ in }
        await server.stop()
        return summary
    }
}
