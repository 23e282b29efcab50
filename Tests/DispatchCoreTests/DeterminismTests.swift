import DispatchCore
import Testing

@Suite struct DeterminismTests {
    static func busyCity(seed: UInt64) -> SmallCity {
        var random = RandomSource(seed: seed)
        var city = SmallCity()
        func metres(_ random: inout RandomSource) -> Double { Double(random.below(6000)) }
        for id in 0..<40 {
            let from = (metres(&random), metres(&random))
            city.order(
                Int64(id), from: from, to: (from.0 + Double(random.below(3000)), from.1),
                ready: random.below(4) == 0 ? nil : Int64(random.below(900)), placed: -Int64(random.below(300)))
        }
        for id in 0..<15 { city.driver(Int64(id), at: (metres(&random), metres(&random))) }
        return city
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func theSameInputGivesTheSameBytes(seed: UInt64) {
        let city = Self.busyCity(seed: seed)
        let first = city.plan(seed: seed)
        #expect(first.bytes == city.plan(seed: seed).bytes)
        checkRules(first, for: city.snapshot)
    }

    @Test func theSequenceOfOrdersAndDriversDecidesNothing() {
        var city = Self.busyCity(seed: 4)
        let first = city.plan()
        city.snapshot.orders.reverse()
        city.snapshot.drivers.reverse()
        #expect(city.plan().bytes == first.bytes)
    }

    @Test func aSnapshotReadFromItsBytesIsTheSame() throws {
        let snapshot = Self.busyCity(seed: 5).snapshot
        let copy = try DispatchSnapshot(bytes: snapshot.bytes)
        #expect(copy == snapshot)
        #expect(copy.bytes == snapshot.bytes)
        #expect(
            DispatchEngine.plan(copy, budget: WorkBudget(steps: 1000)).bytes
                == DispatchEngine.plan(snapshot, budget: WorkBudget(steps: 1000)).bytes)
    }

    @Test func aPlanReadFromItsBytesIsTheSame() throws {
        let plan = Self.busyCity(seed: 6).plan()
        #expect(try DispatchPlan(bytes: plan.bytes) == plan)
    }

    @Test func cutOrPaddedBytesAreRefused() {
        let bytes = Self.busyCity(seed: 7).snapshot.bytes
        #expect(throws: ByteError.self) { try DispatchSnapshot(bytes: Array(bytes.dropLast())) }
        #expect(throws: ByteError.trailingBytes) { try DispatchSnapshot(bytes: bytes + [0]) }
        #expect(throws: ByteError.otherVersion(99)) { try DispatchSnapshot(bytes: [99] + bytes.dropFirst()) }
        #expect(throws: ByteError.tooShort) { try DispatchSnapshot(bytes: []) }
    }
}
