import Foundation
import TestSupport
import Testing

/// `tiffin simulate city`, as a script calls it: the exit code says whether the thresholds are kept.
@Suite struct SimulateCommandTests {
    private static let usual = "default,steps=200,tick=60"
    /// The same with a round every ten minutes only: everybody waits.
    private static let slow = "default,steps=200,tick=600"

    private func simulate(_ words: String...) async throws -> Program.Ended {
        try await Program.run(["simulate", "city", "small"] + words, [:])
    }

    @Test func aPolicyThatIsWorseThanTheOtherByMoreThanIsAllowedEndsWithOne() async throws {
        let worse = try await simulate("--policy", Self.slow, "--compare", Self.usual, "--max-worse", "5")
        #expect(worse.status == 1)
        #expect(worse.errors.contains("\(Self.slow) is "), "\(worse.errors)")
        #expect(worse.errors.contains("% worse than \(Self.usual), above 5.0 %"), "\(worse.errors)")
        #expect(worse.output.contains(Self.slow) && worse.output.contains(Self.usual))
    }

    @Test func aPolicyThatIsNoWorseEndsWithZeroAndLeavesItsReport() async throws {
        let path = "/tmp/tiffin-report-\(getpid())-\(UUID().uuidString).html"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let kept = try await simulate(
            "--policy", Self.usual, "--compare", Self.slow, "--max-worse", "5", "--report", path)
        #expect(kept.status == 0, "\(kept.errors)")
        let report = try String(contentsOfFile: path, encoding: .utf8)
        #expect(report.contains("<svg") && report.contains(Self.slow))
        for outside in ["http://", "https://", "src="] { #expect(!report.contains(outside)) }
    }

    @Test func aThresholdWithoutItsMeasureIsAMistakeOfTheCall() async throws {
        let ended = try await simulate("--policy", Self.usual, "--max-worse", "5")
        #expect(ended.status == 64 && ended.errors.contains("--max-worse needs --compare"), "\(ended.errors)")
        let unknown = try await simulate("--policy", "default,speed=9")
        #expect(unknown.status == 64 && unknown.errors.contains("no policy default,speed=9"), "\(unknown.errors)")
    }
}
