import Foundation

/// `intake [positions|push] [COUNT]`: positions per second into PostgreSQL, and commit-to-socket percentiles.
@main
struct Intake {
    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        let count = words.count > 1 ? Int(words[1]) : nil
        guard ["positions", "push", nil].contains(words.first), words.count < 2 || (count ?? 0) > 0 else {
            throw BenchFailure("usage: intake [positions|push] [COUNT]")
        }
        if words.first != "push" { try await Positions.run(total: (count ?? 200_000) / 5000 * 5000) }
        if words.first != "positions" {
            var load = Push.Load()
            load.assignments = count ?? load.assignments
            try await Push.run(load)
        }
    }
}

func rounded(_ value: Double) -> String { String(format: "%.2f", value) }
