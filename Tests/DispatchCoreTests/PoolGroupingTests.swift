import DispatchCore
import Testing

@Suite struct PoolGroupingTests {
    private func pool(seed: UInt64, count: Int) -> SmallCity {
        var random = RandomSource(seed: seed)
        var city = SmallCity()
        for id in 0..<count {
            let kitchen = Double(random.below(4)) * 1500
            city.order(
                Int64(id), from: (kitchen, 0), to: (kitchen + Double(random.below(3000)), Double(random.below(3000))))
        }
        return city
    }

    @Test(arguments: UInt64(1)...10)
    func everyOrderIsInExactlyOneBatchAndAllPickupsComeFirst(seed: UInt64) {
        let city = pool(seed: seed, count: 17)
        let grouping = PoolGrouping(city.snapshot, seed: seed)
        let ids = grouping.batches.flatMap(\.orders).sorted()
        #expect(ids == city.snapshot.orders.map(\.id).sorted())
        for batch in grouping.batches {
            #expect(batch.pickups.count <= 4)
            #expect(Set(batch.dropoffs.map(\.order)) == Set(batch.pickups.map(\.order)))
            let times = (batch.pickups + batch.dropoffs).map(\.after)
            #expect(times == times.sorted())
            let metres = (batch.pickups + batch.dropoffs).reduce(0) { $0 + $1.distance.value }
            #expect(batch.distance == WholeMetres(metres))
            #expect(batch.duration <= Seconds(5400))
        }
        #expect(PoolGrouping(city.snapshot, seed: seed).batches == grouping.batches)
    }

    @Test func theSequenceOfABatchIsTheShortest() {
        var city = SmallCity()
        // Three kitchens in a row and the doors behind the last one: west to east is the only sensible way.
        city.order(1, from: (1000, 0), to: (4000, 0))
        city.order(2, from: (0, 0), to: (5000, 0))
        city.order(3, from: (2000, 0), to: (3000, 0))
        let batch = PoolGrouping(city.snapshot).batches.first
        #expect(batch?.pickups.map(\.order) == [OrderID(2), OrderID(1), OrderID(3)])
        #expect(batch?.dropoffs.map(\.order) == [OrderID(3), OrderID(1), OrderID(2)])
    }

    @Test func ordersFarApartAreNotForcedTogether() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (500, 0))
        city.order(2, from: (30_000, 0), to: (30_500, 0))
        #expect(PoolGrouping(city.snapshot).batches.count == 2)
    }

    @Test func limitsOfABatchAreKept() {
        var city = SmallCity()
        for id in 1...6 { city.order(Int64(id), from: (0, 0), to: (1000, Double(id) * 10)) { $0.bagUnits = 2 } }
        var limits = PoolGrouping.Limits()
        limits.bagUnits = 4
        #expect(PoolGrouping(city.snapshot, limits: limits).batches.map(\.orders.count) == [2, 2, 2])
        city.snapshot.orders[0].bagUnits = 5
        #expect(PoolGrouping(city.snapshot, limits: limits).impossible == [OrderID(1)])
    }

    @Test func anEmptyPoolHasNoBatches() {
        #expect(PoolGrouping(SmallCity().snapshot).batches.isEmpty)
    }
}
