import DispatchCore
import Fulfilment
import Geo
import Testing

@Suite struct FixBufferTests {
    /// The rules of the buffer, written down as plainly as can be.
    struct Model {
        let limit: Int
        var waiting: [(driver: DriverID, fixes: [Fix])] = []
        var dropped = 0

        var count: Int { waiting.reduce(0) { $0 + $1.fixes.count } }

        mutating func put(_ fixes: [Fix]) {
            for fix in fixes {
                let own = waiting.firstIndex { $0.driver == fix.driverID }
                if count >= limit {
                    dropped += 1
                    if let own { waiting[own].fixes.removeFirst() } else { waiting[0].fixes.removeFirst() }
                    if own == nil, waiting[0].fixes.isEmpty { waiting.removeFirst() }
                }
                if let own { waiting[own].fixes.append(fix) } else { waiting.append((fix.driverID, [fix])) }
            }
        }

        mutating func take(_ limit: Int) -> [Fix] {
            var taken: [Fix] = []
            while taken.count < limit, !waiting.isEmpty {
                var first = waiting.removeFirst()
                let some = first.fixes.prefix(limit - taken.count)
                taken += some
                first.fixes.removeFirst(some.count)
                if !first.fixes.isEmpty { waiting.append(first) }
            }
            return taken
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func itKeepsItsRulesWhateverComes(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let point = try #require(GeoPoint(latitude: 1, longitude: 2))
        let limit = 1 + random.below(30)
        var buffer = FixBuffer(limit: limit)
        var model = Model(limit: limit)
        var number: Int64 = 0
        for _ in 0..<2000 {
            switch random.below(5) {
            case 0: take(random.below(12), &buffer, &model)
            default:
                var fixes: [Fix] = []
                for _ in 0..<random.below(5) {
                    let driver = DriverID(Int64(random.below(6)))
                    for _ in 0..<random.below(5) {
                        number += 1
                        fixes.append(Fix(driverID: driver, point: point, receivedAt: Timestamp(milliseconds: number)))
                    }
                }
                buffer.put(fixes)
                model.put(fixes)
            }
            #expect(buffer.count == model.count && buffer.count <= limit)
            #expect(buffer.dropped == model.dropped)
        }
        take(.max, &buffer, &model)
        #expect(buffer.dropped > 0)
    }

    private func take(_ limit: Int, _ buffer: inout FixBuffer, _ model: inout Model) {
        #expect(buffer.take(limit) == model.take(limit))
    }
}
