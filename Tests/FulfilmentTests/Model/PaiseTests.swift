import Fulfilment
import Testing

@Suite struct PaiseTests {
    @Test(
        arguments: [
            (100, [1, 1, 1], [34, 33, 33]), (101, [1, 1, 1], [34, 34, 33]), (0, [5, 1], [0, 0]), (7, [0, 0], [4, 3]),
            (1, [1, 1, 1], [1, 0, 0]), (-100, [1, 1, 1], [-34, -33, -33]), (1000, [1, 999], [1, 999]),
        ] as [(Int64, [Int64], [Int64])])
    func largestRemaindersTakeWhatIsLeft(amount: Int64, weights: [Int64], parts: [Int64]) {
        #expect(Paise(amount).split(by: weights).map(\.rawValue) == parts)
    }

    @Test func partsAlwaysAddUp() {
        var seed: UInt64 = 7
        func next() -> Int64 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64(seed >> 40)
        }
        for _ in 0..<2000 {
            let amount = Paise(next() % 1_000_000)
            let weights = (0...Int(next() % 7)).map { _ in next() % 5000 }
            #expect(amount.split(by: weights).reduce(.zero, +) == amount, "\(amount) over \(weights)")
        }
    }

    @Test func huge_amountsDoNotOverflow() {
        let parts = Paise(.max / 2).split(by: [Int64.max / 4, Int64.max / 4])
        #expect(parts.reduce(.zero, +) == Paise(.max / 2))
    }

    /// Any policy, any batch, any word of an admin: the parts of each order add up to it, and the orders to the batch.
    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func everyPolicyAddsUp(seed: UInt64) {
        var state = seed
        func next(_ bound: Int64) -> Int64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64(state >> 33) % bound
        }
        let policy = EarningsPolicy(
            base: Paise(next(10_000)), perKilometre: Paise(next(3000)), peakHourBonus: Paise(next(2000)),
            peakHours: Set((0..<24).filter { _ in next(2) == 0 }), multiOrderBonus: Paise(next(1500)))
        let hour = Int(next(24))
        let distances = (0...next(8)).map { _ in Int(next(30_000)) }
        let quotes = distances.map {
            policy.quote(stated: nil, distance: $0, batchSize: distances.count, hour: hour)
        }
        for (quote, distance) in zip(quotes, distances) {
            #expect(
                quote.base + quote.distance + quote.peakHour + quote.multiOrder + quote.adjustment == quote.total)
            let exact = policy.perKilometre.rawValue * Int64(distance)
            #expect(abs(quote.distance.rawValue * 1000 - exact) <= 500)
            #expect(quote.peakHour == (policy.peakHours.contains(hour) ? policy.peakHourBonus : .zero))
            #expect(quote.multiOrder == (distances.count > 1 ? policy.multiOrderBonus : .zero))
        }
        let word = Paise(next(100_000))
        let shares = word.split(by: quotes.map(\.total.rawValue))
        #expect(shares.reduce(.zero, +) == word && shares.allSatisfy { $0 >= .zero })
    }

    @Test func policyPaysByTheMetre() {
        let policy = EarningsPolicy(
            base: Paise(2000), perKilometre: Paise(1000), peakHourBonus: Paise(500), peakHours: [19])
        #expect(policy.quote(stated: nil, distance: 3200, batchSize: 1, hour: 12).total == Paise(5200))
        #expect(policy.quote(stated: nil, distance: 3200, batchSize: 1, hour: 19).total == Paise(5700))
        #expect(policy.quote(stated: Paise(4550), distance: 3200, batchSize: 3, hour: 19).total == Paise(4550))
    }
}
