import DriverClient
import Testing
import tiffin

@Suite("tiffin conformance", .timeLimit(.minutes(2)))
struct ConformanceTests {
    @Test("a server that keeps the contract passes every line over TLS")
    func healthyOverTLS() async throws {
        let certificate = try TestCertificate.make()
        let report = try await run(fault: nil, certificate: certificate, trusted: certificate)
        for (line, verdict) in report.verdicts {
            #expect(verdict.word == "PASS", "\(line.rawValue): \(verdict.detail)")
        }
        #expect(report.isConforming)
        #expect(report.summary == "checklist 9 of 9   further 7 of 7")
    }

    @Test("a plain server passes all but the certificate line, which is skipped")
    func healthyPlain() async throws {
        let report = try await run(fault: nil)
        for (line, verdict) in report.verdicts {
            #expect(verdict.word == (line == .certificate ? "SKIP" : "PASS"), "\(line.rawValue): \(verdict.detail)")
        }
        #expect(report.isConforming)
        #expect(report.summary == "checklist 8 of 9 (1 skipped)   further 7 of 7")
    }

    @Test("each planted fault fails its line", arguments: PlantedFault.allCases)
    func planted(fault: PlantedFault) async throws {
        let certificate = fault == .untrustedCertificate ? try TestCertificate.make() : nil
        let report = try await run(fault: fault, certificate: certificate, lines: [fault.line])
        #expect(report[fault.line]?.word == "FAIL", "\(report[fault.line].map { "\($0)" } ?? "no verdict")")
        #expect(!report.isConforming)
    }

    @Test("every line has a fault that it was seen failing on")
    func everyLineIsPlanted() {
        #expect(Set(PlantedFault.allCases.map(\.line)) == Set(ConformanceLine.allCases))
    }

    @Test("a server that is not there fails every line")
    func nobodyThere() async throws {
        let report = try await ConformanceRun.run(try plan(port: 1, logPath: nil))
        #expect(!report.isConforming)
        #expect(report[.validToken]?.word == "FAIL")
    }

    private func run(
        fault: PlantedFault?, certificate: TestCertificate? = nil, trusted: TestCertificate? = nil,
        lines: [ConformanceLine] = ConformanceLine.allCases
    ) async throws -> ConformanceReport {
        let server = try await DoubleServer.start(fault: fault, certificate: certificate)
        var plan = try plan(port: server.port, logPath: server.logPath, isSecure: certificate != nil)
        plan.lines = lines
        if let trusted { plan.trust = .file(trusted.certificatePath) }
        let report = try await ConformanceRun.run(plan)
        await server.stop()
        return report
    }

    private func plan(port: Int, logPath: String?, isSecure: Bool = false) throws -> ConformancePlan {
        let address = try #require(ServerAddress("\(isSecure ? "https" : "http")://127.0.0.1:\(port)"))
        var patience = Patience()
        patience.silence = .milliseconds(300)
        patience.close = .seconds(1)
        patience.saved = .seconds(1)
        patience.keepAlive = .seconds(1)
        patience.idle = .seconds(3)
        patience.attempts = 40
        patience.limit = .seconds(1)
        return ConformancePlan(
            address: address, admin: Credentials(identity: "admin-1", password: "x"),
            drivers: (
                Credentials(identity: "driver-7", password: "x"), Credentials(identity: "driver-8", password: "x")
            ),
            log: logPath, patience: patience)
    }
}
