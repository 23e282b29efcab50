/// How the search cools down.
package struct Cooling: Sendable {
    /// Temperatures in `Cost` units at the start and at the end.
    package var first: Double
    package var last: Double
    /// Mean number of orders taken out at once.
    package var ruin: Int
    /// Share of the places that are passed over.
    package var blink: Double

    package init(first: Double, last: Double, ruin: Int, blink: Double) {
        self.first = first
        self.last = last
        self.ruin = ruin
        self.blink = blink
    }

    /// One of several equal parts, each of which starts where the one before ends.
    func part(_ number: Int, of count: Int) -> Cooling {
        let ratio = last / first
        var part = self
        part.first = first * Power.of(ratio, Double(number) / Double(count))
        part.last = first * Power.of(ratio, Double(number + 1) / Double(count))
        return part
    }
}

/// By what the orders that were taken out are put back, the smallest first.
package enum RecreateKey: Sendable {
    case ready
    case readyLast
    case longest
    case shortest
    case mostUrgent

    /// As probable as one another; three draws of eight are for a sequence without any sense.
    fileprivate static let drawn: [RecreateKey?] = [
        nil, nil, nil, .ready, .readyLast, .longest, .shortest, .mostUrgent,
    ]
}

/// Routes that ruin and recreate can work on. The moves of the search are written once, against this: the queues of
/// batches of a tick (`Lane`) are such routes, and so are long routes of any number of stops.
package protocol RuinRecreateRoutes: ~Copyable {
    var random: RandomSource { get set }
    /// Work done so far.
    var steps: Int { get set }
    /// What the routes cost now and what they cost when the present change began.
    var total: Int { get }
    var savedTotal: Int { get }
    /// Orders that the present change has taken out, in the sequence in which they will be put back.
    var removed: UnsafeMutablePointer<Int32> { get }
    var removedCount: Int { get set }
    /// Room for one number for each order.
    var sortKeys: UnsafeMutablePointer<Int> { get }
    /// How many relatives each order has.
    var relatedCount: Int { get }

    /// An order around which to ruin.
    mutating func drawOrder() -> Int
    /// The orders most like one, nearest first.
    func relative(_ index: Int, of order: Int) -> Int
    /// Takes an order out, and with `neighbours` those that its driver carries with it, until `limit` are out.
    mutating func takeOut(_ order: Int, neighbours: Bool, upTo limit: Int)
    func sortKey(_ key: RecreateKey, of order: Int) -> Int
    /// Puts an order at its cheapest place, if any is cheaper than none.
    mutating func place(_ order: Int, blink: Double)

    /// Sometimes changes whole tails of routes instead of single orders; says whether it did.
    mutating func exchangeTails() -> Bool
    /// Starts a change, which ends with `undo` or `keep`.
    mutating func begin()
    mutating func undo()
    mutating func keep()
    /// Whether a change is kept that may cost so much more.
    mutating func accepts(_ allowance: Double) -> Bool
    /// Notes the routes as the best met; `isFirst` where none were noted in this search.
    mutating func noteBest(isFirst: Bool)
    /// The best routes met are the routes again.
    mutating func restoreBest()
}

extension RuinRecreateRoutes where Self: ~Copyable {
    package mutating func exchangeTails() -> Bool { false }

    /// Steps charged to a round that looked at no place: orders that no driver can take must use the budget up.
    private static var idleRoundSteps: Int { 16 }

    package mutating func accepts(_ allowance: Double) -> Bool { Double(total &- savedTotal) < allowance }

    /// Takes related orders out: around one random order, the drivers of its nearest relatives lose that relative,
    /// often its neighbours too (adjacent strings, Christiaens and Vanden Berghe 2020).
    package mutating func ruin(about count: Int) {
        let target = removedCount &+ 1 &+ random.below(2 &* count &- 1)
        let seed = drawOrder()
        takeOut(seed, neighbours: random.unit() < 0.5, upTo: target)
        var next = 0
        while removedCount < target, next < relatedCount {
            let relative = relative(next, of: seed)
            next &+= 1
            // Passing some over keeps the same ruin from coming again and again.
            if random.unit() < 0.25 { continue }
            takeOut(relative, neighbours: random.unit() < 0.35, upTo: target &+ 2)
        }
    }

    /// Puts the removed orders back, each at its cheapest place, in a sequence drawn by lot from a few sensible ones.
    package mutating func recreate(blink: Double) {
        let key = RecreateKey.drawn[random.below(RecreateKey.drawn.count)]
        for index in 0..<removedCount {
            if let key {
                sortKeys[index] = sortKey(key, of: Int(removed[index]))
            } else {
                sortKeys[index] = random.below(1 << 30)
            }
        }
        sortRemoved()
        for index in 0..<removedCount { place(Int(removed[index]), blink: blink) }
    }

    private func sortRemoved() {
        var index = 1
        while index < removedCount {
            let key = sortKeys[index]
            let order = removed[index]
            var hole = index
            while hole > 0, sortKeys[hole &- 1] > key || (sortKeys[hole &- 1] == key && removed[hole &- 1] > order) {
                sortKeys[hole] = sortKeys[hole &- 1]
                removed[hole] = removed[hole &- 1]
                hole &-= 1
            }
            sortKeys[hole] = key
            removed[hole] = order
            index &+= 1
        }
    }

    /// Ruin and recreate with annealing (Schrimpf et al. 2000; Christiaens and Vanden Berghe 2020) until the steps are
    /// used up. Ends with the best routes met.
    package mutating func anneal(_ cooling: Cooling, untilSteps limit: Int) {
        let first = steps
        let span = Double(max(limit &- first, 1))
        let ratio = cooling.last / cooling.first
        var bestTotal = total
        noteBest(isFirst: true)
        var temperature = cooling.first
        var iteration = 0
        while steps < limit {
            if iteration & 31 == 0 {
                temperature = cooling.first * Power.of(ratio, Double(steps &- first) / span)
            }
            iteration &+= 1
            let before = steps
            begin()
            if !exchangeTails() {
                ruin(about: cooling.ruin)
                recreate(blink: cooling.blink)
            }
            if steps == before { steps &+= Self.idleRoundSteps }
            guard accepts(temperature * -Power.logarithm(random.unit())) else {
                undo()
                continue
            }
            keep()
            if total < bestTotal {
                bestTotal = total
                noteBest(isFirst: false)
            }
        }
        restoreBest()
    }
}
