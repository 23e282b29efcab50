import Identity
import Synchronization

let secret = Array("a secret of at least thirty-two bytes".utf8)
let noon: Int64 = 1_763_548_200_000

let driver = Bearer(role: .driver, id: 123, session: "family-1", epoch: 7)

/// Bytes that differ from call to call and are the same in each run.
func countingBytes() -> RandomBytes {
    let counter = Counter()
    return { count in
        let round = counter.next()
        return (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ round &* 17) }
    }
}

final class Counter: Sendable {
    private let value = Mutex(0)
    func next() -> Int {
        value.withLock { value in
            value += 1
            return value
        }
    }
}
