/// Splits the orders of a closed pool into batches: for each its pickups in sequence, then its dropoffs in sequence,
/// with lengths and times. Who drives them is a separate question.
package struct PoolGrouping: Sendable {
    /// What bounds a batch.
    package struct Limits: Hashable, Sendable {
        /// Most orders in a batch, 1 to 8.
        package var maxBatch: Int32 = 4
        package var bagUnits: Int32 = 8
        /// First pickup to last dropoff.
        package var duration = Seconds(5400)
        /// What one more batch costs, as driving time: larger makes fewer, fuller batches.
        package var batchCost = Seconds(900)

        package init() {}
    }

    package struct Stop: Hashable, Sendable {
        package var order: OrderID
        package var place: PlaceIndex
        /// From the stop before; zero for the first.
        package var distance: WholeMetres
        /// Arrival, from the moment at which the driver is at the first pickup.
        package var after: Seconds
    }

    package struct Batch: Hashable, Sendable {
        package var pickups: [Stop]
        package var dropoffs: [Stop]
        package var distance: WholeMetres
        package var duration: Seconds

        package var orders: [OrderID] { pickups.map(\.order) }
    }

    package var batches: [Batch]
    /// Orders that no batch can hold: no way, or larger than a bag.
    package var impossible: [OrderID]

    /// Groups the orders of a snapshot; its drivers are not looked at. The same snapshot, limits and seed give the
    /// same batches.
    ///
    /// - Complexity: O(n² + steps). Batches are sequenced exactly, by dynamic programming over sets of stops.
    package init(
        _ snapshot: borrowing DispatchSnapshot, limits: Limits = Limits(), seed: UInt64 = 1,
        budget: WorkBudget = WorkBudget(steps: 400_000)
    ) {
        let compiler = TickCompiler(snapshot, previous: nil)
        let sorted = snapshot.orders.sorted { $0.id < $1.id }.withoutRepeats(by: \.id)
        let most = limits.bagUnits
        let orders = sorted.filter { compiler.isPossible($0) && $0.bagUnits <= most }
        let kept = Set(orders.map(\.id))
        impossible = sorted.map(\.id).filter { !kept.contains($0) }
        var search = GroupSearch(
            sequencer: GroupSequencer(compiler: compiler, orders: orders), limits: limits,
            random: RandomSource(seed: seed))
        search.improve(steps: Int(budget.steps.held(0, 1 << 32)))
        let sequencer = search.sequencer
        batches = search.groups.map { sequencer.batch($0) }
    }
}

/// The best sequence of one group: every pickup, then every dropoff.
struct GroupSequencer {
    let compiler: TickCompiler
    let orders: [WaitingOrder]

    var count: Int { orders.count }

    private func way(_ from: PlaceIndex, _ to: PlaceIndex) -> Int { Int(compiler.way(from, to)) }

    /// Seconds of driving of the best sequence, and the sequence: rows of pickups, then of dropoffs.
    ///
    /// Held and Karp (1962), once over the pickups and, continuing from their ends, once over the dropoffs.
    func best(_ group: [Int]) -> (driving: Int, pickups: [Int], dropoffs: [Int]) {
        let size = group.count
        if size == 0 { return (0, [], []) }
        let sets = 1 << size
        let far = Int.max / 4
        var pick = [Int](repeating: far, count: sets * size)
        var pickFrom = [Int](repeating: -1, count: sets * size)
        for index in 0..<size { pick[(1 << index) * size + index] = 0 }
        extend(&pick, &pickFrom, group, \.pickup)
        var drop = [Int](repeating: far, count: sets * size)
        var dropFrom = [Int](repeating: -1, count: sets * size)
        for first in 0..<size {
            for last in 0..<size {
                let cost =
                    pick[(sets - 1) * size + last] + way(orders[group[last]].pickup, orders[group[first]].dropoff)
                if cost < drop[(1 << first) * size + first] {
                    drop[(1 << first) * size + first] = cost
                    dropFrom[(1 << first) * size + first] = last
                }
            }
        }
        extend(&drop, &dropFrom, group, \.dropoff)
        var last = 0
        for index in 1..<max(size, 1) where drop[(sets - 1) * size + index] < drop[(sets - 1) * size + last] {
            last = index
        }
        let total = drop[(sets - 1) * size + last]
        let (dropoffs, lastPickup) = trace(dropFrom, size: size, last: last)
        let (pickups, _) = trace(pickFrom, size: size, last: lastPickup)
        return (total, pickups.map { group[$0] }, dropoffs.map { group[$0] })
    }

    private func extend(
        _ cost: inout [Int], _ from: inout [Int], _ group: [Int], _ place: KeyPath<WaitingOrder, PlaceIndex>
    ) {
        let size = group.count
        for set in 1..<(1 << size) {
            for last in 0..<size where set >> last & 1 == 1 && cost[set * size + last] < Int.max / 4 {
                for next in 0..<size where set >> next & 1 == 0 {
                    let grown =
                        cost[set * size + last]
                        + way(orders[group[last]][keyPath: place], orders[group[next]][keyPath: place])
                    let slot = (set | 1 << next) * size + next
                    if grown < cost[slot] {
                        cost[slot] = grown
                        from[slot] = last
                    }
                }
            }
        }
    }

    /// The sequence that ends at `last`, and what stands before its first element.
    private func trace(_ from: [Int], size: Int, last: Int) -> (sequence: [Int], before: Int) {
        var sequence: [Int] = []
        var set = (1 << size) - 1
        var at = last
        while true {
            sequence.append(at)
            let previous = from[set * size + at]
            set &= ~(1 << at)
            if set == 0 { return (sequence.reversed(), previous) }
            at = previous
        }
    }

    /// Driving and service of the whole batch.
    func duration(_ group: [Int], driving: Int) -> Int {
        let policy = compiler.policy
        let each =
            policy.pickupApproach.value + policy.pickupHandover.value + policy.dropoffApproach.value
            + policy.dropoffHandover.value
        return driving + group.count * Int(each)
    }

    func batch(_ group: [Int]) -> PoolGrouping.Batch {
        let policy = compiler.policy
        let (_, pickups, dropoffs) = best(group)
        var time: Int64 = 0
        var place: PlaceIndex?
        var distance: Int64 = 0
        func stop(_ row: Int, at next: PlaceIndex, service: Int64) -> PoolGrouping.Stop {
            let metres = place.map { compiler.metres.length(from: $0.value, to: next.value).value } ?? 0
            time += place.map { compiler.way($0, next) } ?? 0
            let arrival = time
            time += service
            distance += metres
            place = next
            return PoolGrouping.Stop(
                order: orders[row].id, place: next, distance: WholeMetres(metres), after: Seconds(arrival))
        }
        let first = pickups.map {
            stop($0, at: orders[$0].pickup, service: policy.pickupApproach.value + policy.pickupHandover.value)
        }
        let second = dropoffs.map {
            stop($0, at: orders[$0].dropoff, service: policy.dropoffApproach.value + policy.dropoffHandover.value)
        }
        return PoolGrouping.Batch(
            pickups: first, dropoffs: second, distance: WholeMetres(distance), duration: Seconds(time))
    }
}

/// Groups by savings (Clarke and Wright 1964), then moves and swaps orders while that is cheaper.
struct GroupSearch {
    let sequencer: GroupSequencer
    let limits: PoolGrouping.Limits
    var random: RandomSource
    private(set) var groups: [[Int]] = []
    private var costs: [Int] = []
    private let most: Int

    init(sequencer: GroupSequencer, limits: PoolGrouping.Limits, random: RandomSource) {
        self.sequencer = sequencer
        self.limits = limits
        self.random = random
        most = Int(limits.maxBatch.held(1, 8))
        groups = (0..<sequencer.count).map { [$0] }
        costs = groups.map { cost($0) ?? 0 }
        merge()
    }

    /// Cost of a group, nil where it breaks a limit. An order that alone is too long makes a batch of its own.
    private func cost(_ group: [Int]) -> Int? {
        if group.isEmpty { return 0 }
        if group.count > most { return nil }
        if group.reduce(0, { $0 + Int(sequencer.orders[$1].bagUnits) }) > Int(limits.bagUnits) { return nil }
        let driving = sequencer.best(group).driving
        if group.count > 1, sequencer.duration(group, driving: driving) > Int(limits.duration.value) { return nil }
        return driving + Int(limits.batchCost.value.held(0, 86_400))
    }

    /// Joins the two groups that save most until nothing saves. Savings are kept and only those of the joined group
    /// are computed anew.
    private mutating func merge() {
        let count = groups.count
        var savings = [Int](repeating: 0, count: count * count)
        for first in 0..<count {
            for second in (first + 1)..<max(count, first + 1) {
                savings[first * count + second] = saving(first, second)
            }
        }
        while let best = savings.indices.max(by: { (savings[$0], $1) < (savings[$1], $0) }), savings[best] > 0 {
            let (first, second) = (best / count, best % count)
            let joined = (groups[first] + groups[second]).sorted()
            costs[first] = cost(joined) ?? 0
            costs[second] = 0
            (groups[first], groups[second]) = (joined, [])
            for other in 0..<count where other != first {
                savings[min(first, other) * count + max(first, other)] = saving(first, other)
                savings[min(second, other) * count + max(second, other)] = 0
            }
        }
        groups.removeAll(where: \.isEmpty)
        costs = groups.map { cost($0) ?? 0 }
    }

    private func saving(_ first: Int, _ second: Int) -> Int {
        let (one, two) = (groups[first], groups[second])
        if one.isEmpty || two.isEmpty || one.count + two.count > most || isFar(one, two) { return 0 }
        guard let cost = cost((one + two).sorted()) else { return 0 }
        return max(0, costs[first] + costs[second] - cost)
    }

    /// Groups whose restaurants are farther apart than a batch costs cannot save anything.
    private func isFar(_ first: [Int], _ second: [Int]) -> Bool {
        guard let one = first.first, let two = second.first else { return true }
        let way = sequencer.compiler.way(sequencer.orders[one].pickup, sequencer.orders[two].pickup)
        return way > limits.batchCost.value * 2
    }

    /// Tries random moves of an order to another group and swaps of two, keeping what is cheaper.
    mutating func improve(steps: Int) {
        guard groups.count > 1 else { return }
        var left = steps / 200
        while left > 0 {
            left -= 1
            let from = random.below(groups.count)
            let to = random.below(groups.count)
            if from == to || groups[from].isEmpty || isFar(groups[from], groups[to]) { continue }
            var (one, two) = (groups[from], groups[to])
            let moved = one.remove(at: random.below(one.count))
            if !two.isEmpty, random.below(2) == 0 { one.append(two.remove(at: random.below(two.count))) }
            two.append(moved)
            (one, two) = (one.sorted(), two.sorted())
            guard let first = cost(one), let second = cost(two), first + second < costs[from] + costs[to] else {
                continue
            }
            (groups[from], groups[to]) = (one, two)
            (costs[from], costs[to]) = (first, second)
        }
        groups = groups.filter { !$0.isEmpty }.sorted { $0[0] < $1[0] }
    }
}
