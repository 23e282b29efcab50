import ArgumentParser
import DispatchCore
import Foundation
import Simulation

/// `tiffin simulate SCENARIO --policy A --compare B`.
struct SimulateCityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "city", abstract: "Run a seeded city under one or two policies, side by side.",
        discussion: """
            Scenarios: \(CityScenario.all.map(\.name).joined(separator: ", ")).
            Policies: default, single, eager, each with changes such as default,maxBatch=2,tick=20.
            Thresholds are about --policy; --max-worse holds it against --compare.
            Exit code 1 when a threshold is not kept or a rule is broken.
            """)

    @Argument(help: "Name of the scenario.")
    var scenario: String

    @Option(help: "The policy.")
    var policy: String = "default"

    @Option(help: "A second policy to stand beside it.")
    var compare: String?

    @Option(help: "Seed of the city and of the search.")
    var seed: UInt64 = 1

    @Option(help: "Threads, 1 or 2.")
    var threads: Int = 2

    @Option(help: "Where the HTML report goes.")
    var report: String?

    @Option(help: "Threshold: mean click-to-door in minutes.")
    var maxClickToDoor: Double?

    @Option(help: "Threshold: share of orders within 50 minutes, in percent.")
    var minInTime: Double?

    @Option(
        parsing: .unconditional,
        help: "Threshold: the policy's mean delay or lateness is worse than that of --compare by so many percent.")
    var maxWorse: Double?

    func validate() throws {
        guard maxWorse == nil || compare != nil else { throw ValidationError("--max-worse needs --compare") }
        guard CityScenario.named(scenario) != nil else { throw ValidationError("no scenario \(scenario)") }
        for name in [policy, compare].compactMap(\.self) where PolicyName.policy(name) == nil {
            throw ValidationError("no policy \(name)")
        }
        guard threads > 0 else { throw ValidationError("--threads is above zero") }
        for (name, value) in [
            ("--max-click-to-door", maxClickToDoor), ("--min-in-time", minInTime), ("--max-worse", maxWorse),
        ] where value?.isFinite == false {
            throw ValidationError("\(name) is not a number")
        }
    }

    func run() async throws {
        guard let city = CityScenario.named(scenario) else { throw ValidationError("no scenario \(scenario)") }
        var entries: [CityReport.Entry] = []
        for name in [policy, compare].compactMap(\.self) {
            var day = CityDay(city, policy: PolicyName.policy(name) ?? DispatchPolicy(), seed: seed)
            let progress = ProgressLine(name)
            try await day.run(lanes: ThreadLanes(threads: threads)) { progress.show($0, note: "") }
            progress.end()
            entries.append(CityReport.Entry(name: name, day: day))
        }
        show(entries)
        if let report { try Terminal.save(CityReport(entries).html, as: report) }
        if !keepsThresholds(entries) { throw ExitCode(1) }
    }

    private func show(_ entries: [CityReport.Entry]) {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        Terminal.line(padded("", 28) + entries.map { padded($0.name, 22) }.joined())
        for (index, row) in (entries.first?.figures.rows ?? []).enumerated() {
            let cells = entries.map { padded(String(($0.figures.rows[index].value * 100).rounded() / 100), 22) }
            Terminal.line(padded(row.name, 28) + cells.joined())
        }
    }

    private func keepsThresholds(_ entries: [CityReport.Entry]) -> Bool {
        var isKept = true
        for entry in entries {
            for violation in entry.day.violations.prefix(5) {
                Terminal.complain("seed \(seed): \(violation)")
                isKept = false
            }
        }
        guard let figures = entries.first?.figures else { return false }
        if let maxClickToDoor, figures.clickToDoor > maxClickToDoor {
            Terminal.complain("click-to-door \(figures.clickToDoor) is above \(maxClickToDoor)")
            isKept = false
        }
        if let minInTime, figures.inTime < minInTime {
            Terminal.complain("\(figures.inTime) % in time is below \(minInTime)")
            isKept = false
        }
        if let maxWorse, entries.count == 2 {
            let worsening = figures.worsening(against: entries[1].figures)
            if worsening > maxWorse {
                Terminal.complain(
                    "\(entries[0].name) is \((worsening * 10).rounded() / 10) % worse than \(entries[1].name),"
                        + " above \(maxWorse) %")
                isKept = false
            }
        }
        return isKept
    }
}
