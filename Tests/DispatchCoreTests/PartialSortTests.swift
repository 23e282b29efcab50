import DispatchCore
import Testing

@Suite struct PartialSortTests {
    @Test(arguments: [1, 2, 16, 17, 40, 300, 2000])
    func whatIsWantedStandsWhereAWholeSortPutsIt(count: Int) {
        var random = RandomSource(seed: UInt64(count))
        for round in 0..<20 {
            // Rising, falling and shuffled; every number once.
            var numbers = Array(0..<count)
            if round % 3 == 1 { numbers.reverse() }
            if round % 3 == 2 { numbers.shuffle(using: &random) }
            let first = random.below(count)
            let wanted = first..<(first + 1 + random.below(count - first))
            numbers.sortPart(wanted, by: <)
            #expect(Array(numbers[wanted]) == Array(wanted))
            #expect(numbers[..<wanted.lowerBound].allSatisfy { $0 < wanted.lowerBound })
            #expect(Set(numbers).count == count)
        }
    }

    @Test func aRangeBeyondTheEndIsHeldToIt() {
        var numbers = [3, 1, 2]
        numbers.sortPart(1..<9, by: <)
        #expect(numbers == [1, 2, 3])
        numbers.sortPart(7..<9, by: >)
        #expect(numbers == [1, 2, 3])
    }
}
