import Fulfilment
import Glibc
import Simulation
import Store
import TestSupport
import Testing

/// Random commands of drivers, admins and two dispatchers against a model that was written from the contract alone;
/// after each command the store must be what the model says. The seed stands in the failure and runs the same again.
@Suite struct PropertyTests {
    static let actions = 250

    /// The seed that somebody wants to see again, or many.
    static let seeds: [UInt64] = {
        if let wanted = getenv("TIFFIN_PROPERTY_SEED").flatMap({ UInt64(String(cString: $0)) }) { return [wanted] }
        let count = getenv("TIFFIN_PROPERTY_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 40
        return Array(1...count)
    }()

    @Test func theHouseInMemoryDoesWhatTheModelSays() async throws {
        let total = try await withThrowingTaskGroup(of: Run.Figures.self) { group in
            for seed in Self.seeds { group.addTask { try await Self.inMemory(seed).figures } }
            return try await group.reduce(into: Run.Figures()) { $0 += $1 }
        }
        guard Self.seeds.count > 10 else { return }
        // A run in which nothing happens proves nothing.
        #expect(total.assignedByEngine > 10 * Self.seeds.count, "\(total)")
        #expect(total.batches > Self.seeds.count, "\(total)")
        #expect(total.plannedAgain > 10 * Self.seeds.count, "\(total)")
        #expect(total.delivered > 4 * Self.seeds.count, "\(total)")
        #expect(total.lapsed > 0 && total.overtaken > 0 && total.refused > 0, "\(total)")
    }

    @Test(.timeLimit(.minutes(2)), arguments: seeds.prefix(2))
    func theHouseOnPostgreSQLDoesWhatTheModelSays(seed: UInt64) async throws {
        try await StoreDatabase.with { database in
            try await database.store.makePartitions(at: World.start)
            let run = try await Run(seed: seed, world: World(on: database.store))
            try await run.perform(Self.actions)
            #expect(try await database.store.brokenInvariants() == [])
        }
    }

    @Test func theSameSeedDoesTheSame() async throws {
        let (first, second) = (try await Self.inMemory(7), try await Self.inMemory(7))
        #expect(await first.actions == second.actions)
        #expect(await first.figures == second.figures)
    }

    /// Each planted fault is found by some seed, and that seed finds it again at the same action.
    @Test(arguments: Fault.allCases)
    func aPlantedFaultIsFound(fault: Fault) async throws {
        var found: Violation?
        for seed in UInt64(1)...90 where found == nil {
            do { _ = try await Self.inMemory(seed, fault: fault) } catch let violation as Violation {
                found = violation
            }
        }
        let violation = try #require(found)
        let again = await #expect(throws: Violation.self) {
            try await Self.inMemory(violation.seed, fault: fault)
        }
        #expect(again?.description == violation.description)
        #expect(violation.description.contains("TIFFIN_PROPERTY_SEED=\(violation.seed)"))
    }

    private static func inMemory(_ seed: UInt64, fault: Fault? = nil) async throws -> Run {
        let run = try await Run(seed: seed, world: World(on: InMemoryStore(), fault: fault))
        try await run.perform(actions)
        return run
    }
}
