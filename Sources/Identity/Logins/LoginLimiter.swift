/// Slows down guessing of passwords. Counts failures only, so that a busy depot behind one address is never locked out
/// by its own correct log-ins.
///
/// Three budgets must all have room: the identity from that address (a person who mistypes, or one guesser), the
/// identity from anywhere (a spread attack on one account; wide enough that a stranger does not lock the driver out
/// soon), and the address with any identity (one machine trying many accounts; wide, because carriers put many phones
/// behind one address). An attempt under way takes a unit as well, otherwise a thousand at once would all pass before
/// the first failure is known; but whom only attempts under way keep out is told to wait for them and not refused,
/// because they may be right.
///
/// A pure value: time is handed in, and its tables are bounded, so that the limiter cannot be filled up itself.
package struct LoginLimiter: Sendable {
    /// A bucket of failures that fills up again with time.
    package struct Budget: Sendable, Hashable {
        /// How many failures in a row.
        package let burst: Int
        /// Milliseconds until one more is allowed.
        package let refill: Int64

        package init(burst: Int, refill: Int64) {
            precondition(burst > 0 && refill > 0, "a budget allows something and fills up again")
            self.burst = burst
            self.refill = refill
        }
    }

    /// An attempt that was let in; tell how it ended, by ``succeeded(_:)``, ``failed(_:at:)`` or ``abandoned(_:)``.
    package struct Attempt: Sendable, Hashable {
        fileprivate let keys: [Key]
    }

    package enum Verdict: Sendable, Hashable {
        case allowed(Attempt)
        /// So many attempts are under way that it depends on their outcome: ask again when one has ended.
        case undecided
        /// Too many failures; ask again after so many whole seconds.
        case refused(retryAfter: Int64)
    }

    fileprivate enum Key: Sendable, Hashable {
        case pair(String, String)
        case identity(String)
        case address(String)
    }

    /// Milliseconds of refill owed, as in the generic cell rate algorithm: the time at which the bucket is full again.
    private var fullAt: BoundedTable<Key, Int64>
    /// Attempts under way; as many entries as there are such attempts at most, which their caller bounds.
    private var underWay: [Key: Int] = [:]
    private let pair: Budget
    private let identity: Budget
    private let address: Budget

    /// - Parameter capacity: How many identities, addresses and pairs are remembered; the longest unused go first.
    package init(
        pair: Budget = Budget(burst: 10, refill: 90_000), identity: Budget = Budget(burst: 30, refill: 30_000),
        address: Budget = Budget(burst: 200, refill: 1000), capacity: Int = 30_000
    ) {
        self.pair = pair
        self.identity = identity
        self.address = address
        self.fullAt = BoundedTable(capacity: capacity)
    }

    /// Whether any attempt has begun and not ended.
    package var hasAttemptsUnderWay: Bool { !underWay.isEmpty }
    /// How many buckets are remembered.
    package var count: Int { fullAt.count }

    /// Begins an attempt of `identity` (as typed) from `address` (an IP address) at `now`, in milliseconds.
    package mutating func begin(identity name: String, address from: String, at now: Int64) -> Verdict {
        let who = String(name.lowercased().prefix(128))
        let network = Self.network(of: from)
        let keys: [(Key, Budget)] = [
            (.pair(who, network), pair), (.identity(who), identity), (.address(network), address),
        ]
        let waits = keys.map { key, budget in wait(key, budget, now, others: 0) }
        if let longest = waits.max(), longest > 0 {
            return .refused(retryAfter: (longest + 999) / 1000)
        }
        if keys.contains(where: { wait($0, $1, now, others: underWay[$0, default: 0]) > 0 }) { return .undecided }
        for (key, _) in keys { underWay[key, default: 0] += 1 }
        return .allowed(Attempt(keys: keys.map(\.0)))
    }

    /// The attempt's password was right: nothing is counted, and the pair's earlier failures are forgiven.
    package mutating func succeeded(_ attempt: Attempt) {
        end(attempt)
        for key in attempt.keys { if case .pair = key { fullAt.remove(key) } }
    }

    /// The attempt's password was wrong.
    package mutating func failed(_ attempt: Attempt, at now: Int64) {
        end(attempt)
        for key in attempt.keys {
            let owed = max(fullAt.value(for: key) ?? now, now)
            fullAt.set(owed + budget(of: key).refill, for: key)
        }
    }

    /// The attempt ended without an answer about the password (no thread free, database gone): nothing is counted.
    package mutating func abandoned(_ attempt: Attempt) {
        end(attempt)
    }

    private mutating func end(_ attempt: Attempt) {
        for key in attempt.keys {
            let left = underWay[key, default: 0] - 1
            underWay[key] = left > 0 ? left : nil
        }
    }

    private func budget(of key: Key) -> Budget {
        switch key {
        case .pair: pair
        case .identity: identity
        case .address: address
        }
    }

    /// Milliseconds until there is room for one more beside `others`.
    private mutating func wait(_ key: Key, _ budget: Budget, _ now: Int64, others: Int) -> Int64 {
        let full = max(fullAt.value(for: key) ?? now, now) + Int64(others) * budget.refill
        return max(0, full - now - budget.refill * Int64(budget.burst - 1))
    }

    /// An IPv6 address stands for its /64, which is what one customer gets. IPv4 addresses count one by one: carriers
    /// put thousands of phones behind each.
    private static func network(of address: String) -> String {
        let bare = address.split(separator: "%", maxSplits: 1).first.map(String.init) ?? address
        guard bare.contains(":"), !bare.contains(".") else { return bare }
        let halves = bare.split(separator: ":", omittingEmptySubsequences: false)
        guard let gap = halves.dropFirst().dropLast().firstIndex(of: "") else {
            return halves.prefix(4).joined(separator: ":") + "::/64"
        }
        let head = halves[..<gap].filter { !$0.isEmpty }
        let tail = halves[gap...].filter { !$0.isEmpty }
        let zeros = Array(repeating: Substring("0"), count: max(0, 8 - head.count - tail.count))
        return (head + zeros + tail).prefix(4).joined(separator: ":") + "::/64"
    }
}
