import DispatchCore

/// Routes of any number of stops from one depot, fewest first and then the shortest, under the engine's own moves: what
/// ruins, recreates and anneals here is what does so in every tick.
///
/// Fewer vehicles: a route is dissolved and its pairs stay out until places are found; pairs that are often left out
/// count more (absence counters, Christiaens and Vanden Berghe 2020).
struct LongRouteSearch: ~Copyable, RuinRecreateRoutes {
    struct Route {
        /// From depot to depot.
        var stops: [Int32] = [0, 0]
        var departure: [Double] = [0, 0]
        var latest: [Double] = [0, 0]
        var load: [Int32] = [0, 0]
        var length = 0.0
    }

    private struct State {
        var routes: [Route] = []
        /// The route of each pair, -1 for none.
        var owner: [Int] = []
        var missing: [Int] = []
        var length = 0.0

        /// A vehicle is dearer than any way, a missing pair dearer than any vehicle.
        var total: Int { Int(length * 1000) + routes.count * 1_000_000_000 + missing.count * 1_000_000_000_000 }
    }

    let problem: LongRouteProblem
    var random: RandomSource
    var steps = 0
    let removed: UnsafeMutablePointer<Int32>
    var removedCount = 0
    let sortKeys: UnsafeMutablePointer<Int>
    private var state = State()
    private var saved = State()
    private var best = State()
    private var absences: [Int]
    /// Whether routes are being dissolved; no new ones are opened then.
    private var isDissolving = false

    init(_ problem: LongRouteProblem, random: RandomSource) {
        self.problem = problem
        self.random = random
        let pairs = problem.pickups.count
        removed = .allocate(capacity: pairs)
        sortKeys = .allocate(capacity: pairs)
        absences = Array(repeating: 0, count: pairs)
        state.owner = Array(repeating: -1, count: pairs)
        state.missing = Array(problem.pickups.indices)
    }

    deinit {
        removed.deallocate()
        sortKeys.deallocate()
    }

    var vehicles: Int { state.routes.count }
    var distance: Double { state.length }
    var text: String {
        state.routes.enumerated().map { number, route in
            "Route \(number + 1) : " + route.stops.dropFirst().dropLast().map(String.init).joined(separator: " ")
        }.joined(separator: "\n")
    }

    mutating func run(steps limit: Int) {
        begin()
        recreate(blink: 0)
        isDissolving = true
        anneal(Cooling(first: 10_000, last: 1000, ruin: 7, blink: 0.01), untilSteps: limit * 6 / 10)
        isDissolving = false
        anneal(Cooling(first: 30_000, last: 300, ruin: 7, blink: 0.01), untilSteps: limit)
    }

    // MARK: What the moves ask

    var total: Int { state.total }
    var savedTotal: Int { saved.total }
    var relatedCount: Int { problem.pickups.count - 1 }

    mutating func drawOrder() -> Int { random.below(problem.pickups.count) }
    func relative(_ index: Int, of order: Int) -> Int { problem.related[order][index] }

    func sortKey(_ key: RecreateKey, of pair: Int) -> Int {
        let pickup = problem.pickups[pair]
        let value =
            switch key {
            case .ready: problem.earliest[pickup]
            case .readyLast: -problem.earliest[pickup]
            case .longest: -problem.way(0, pickup)
            case .shortest: problem.way(0, pickup)
            case .mostUrgent: problem.latest[pickup] - problem.earliest[pickup]
            }
        return Int(value * 1000)
    }

    mutating func begin() {
        if isDissolving, state.missing.isEmpty { dissolveOne() }
        saved = state
        removedCount = 0
        for pair in state.missing { note(pair) }
        state.missing = []
    }

    mutating func undo() { state = saved }
    mutating func keep() {}
    mutating func noteBest(isFirst: Bool) { best = state }
    mutating func restoreBest() { state = best }

    mutating func accepts(_ allowance: Double) -> Bool {
        if !isDissolving { return Double(total - savedTotal) < allowance }
        for pair in state.missing { absences[pair] += 1 }
        let (now, before) = (weight(state.missing), weight(saved.missing))
        if state.missing.count < saved.missing.count || now < before { return true }
        return state.missing.count == saved.missing.count && now == before
            && (state.length - saved.length) * 1000 < allowance
    }

    private func weight(_ pairs: [Int]) -> Int { pairs.reduce(0) { $0 + absences[$1] } }

    // MARK: Taking out

    private mutating func note(_ pair: Int) {
        removed[removedCount] = Int32(pair)
        removedCount += 1
    }

    mutating func takeOut(_ pair: Int, neighbours: Bool, upTo limit: Int) {
        guard state.owner[pair] >= 0 else { return }
        let others = neighbours ? string(behind: pair, count: limit - removedCount - 1) : []
        for gone in [pair] + others { remove(gone) }
    }

    /// The pairs whose stops follow a pickup; its length is drawn by lot.
    private mutating func string(behind pair: Int, count: Int) -> [Int] {
        let stops = state.routes[state.owner[pair]].stops
        guard let place = stops.firstIndex(of: Int32(problem.pickups[pair])) else { return [] }
        var found: [Int] = []
        for stop in stops[(place + 1)...] where stop != 0 && found.count < count {
            let other = problem.pairOf[Int(stop)]
            if other != pair, !found.contains(other) { found.append(other) }
            if random.below(4) == 0 { break }
        }
        return found
    }

    private mutating func remove(_ pair: Int) {
        let index = state.owner[pair]
        state.owner[pair] = -1
        note(pair)
        let pickup = Int32(problem.pickups[pair])
        let dropoff = Int32(problem.dropoffs[pair])
        state.routes[index].stops.removeAll { $0 == pickup || $0 == dropoff }
        if state.routes[index].stops.count == 2 { removeRoute(index) } else { settle(index) }
    }

    private mutating func removeRoute(_ index: Int) {
        state.length -= state.routes[index].length
        state.routes.remove(at: index)
        for pair in state.owner.indices where state.owner[pair] > index { state.owner[pair] -= 1 }
    }

    private mutating func dissolveOne() {
        guard state.routes.count > 1 else { return }
        var weights = [Int](repeating: 0, count: state.routes.count)
        for (pair, route) in state.owner.enumerated() { weights[route] += absences[pair] + 1 }
        let chosen = weights.indices.min { (weights[$0], $0) < (weights[$1], $1) } ?? 0
        for pair in state.owner.indices where state.owner[pair] == chosen {
            state.owner[pair] = -1
            state.missing.append(pair)
        }
        removeRoute(chosen)
    }

    // MARK: Putting back

    mutating func place(_ pair: Int, blink: Double) {
        var best = Place()
        for index in state.routes.indices { cheapest(pair, in: index, blink: blink, best: &best) }
        if best.route < 0, !isDissolving, state.routes.count < problem.vehicles {
            state.routes.append(Route())
            settle(state.routes.count - 1)
            cheapest(pair, in: state.routes.count - 1, blink: 0, best: &best)
            if best.route < 0 { state.routes.removeLast() }
        }
        guard best.route >= 0 else {
            state.missing.append(pair)
            return
        }
        state.routes[best.route].stops.insert(Int32(problem.dropoffs[pair]), at: best.dropoff)
        state.routes[best.route].stops.insert(Int32(problem.pickups[pair]), at: best.pickup)
        settle(best.route)
        state.owner[pair] = best.route
    }

    private struct Place {
        var route = -1
        var pickup = 0
        var dropoff = 0
        var cost = Double.infinity
    }

    /// Every place of the pickup, and behind it of the dropoff, with forward times and the latest times of what follows.
    private mutating func cheapest(_ pair: Int, in index: Int, blink: Double, best: inout Place) {
        let (pickup, dropoff) = (problem.pickups[pair], problem.dropoffs[pair])
        let (count, nodes, demand) = (state.routes[index].stops.count, problem.nodes, Int32(problem.demand[pickup]))
        var (work, draws) = (0, random)
        let capacity = Int32(problem.capacity)
        state.routes[index].stops.withUnsafeBufferPointer { stops in
            state.routes[index].departure.withUnsafeBufferPointer { departure in
                state.routes[index].latest.withUnsafeBufferPointer { latest in
                    problem.ways.withUnsafeBufferPointer { ways in
                        for first in 1..<count {
                            work &+= 1
                            let (a, b) = (Int(stops[first - 1]), Int(stops[first]))
                            let toPickup = ways[a &* nodes &+ pickup]
                            let arrival = max(problem.earliest[pickup], departure[first - 1] + toPickup)
                            if arrival > problem.latest[pickup] { break }
                            if state.routes[index].load[first - 1] &+ demand > capacity { continue }
                            if blink > 0, draws.unit() < blink { continue }
                            let left = arrival + problem.service[pickup]
                            let old = ways[a &* nodes &+ b]
                            let at = max(problem.earliest[dropoff], left + ways[pickup &* nodes &+ dropoff])
                            if at <= problem.latest[dropoff],
                                at + problem.service[dropoff] + ways[dropoff &* nodes &+ b] <= latest[first]
                            {
                                let cost =
                                    toPickup + ways[pickup &* nodes &+ dropoff] + ways[dropoff &* nodes &+ b] - old
                                if cost < best.cost {
                                    best = Place(route: index, pickup: first, dropoff: first, cost: cost)
                                }
                            }
                            let detour = toPickup + ways[pickup &* nodes &+ b] - old
                            if detour >= best.cost { continue }
                            var time = max(problem.earliest[b], left + ways[pickup &* nodes &+ b])
                            var place = first
                            while place < count - 1, time <= latest[place] {
                                work &+= 1
                                if state.routes[index].load[place] &+ demand > capacity { break }
                                let (from, to) = (Int(stops[place]), Int(stops[place + 1]))
                                let leaves = time + problem.service[from]
                                let reached = leaves + ways[from &* nodes &+ dropoff]
                                if reached > problem.latest[dropoff] { break }
                                let done = max(problem.earliest[dropoff], reached) + problem.service[dropoff]
                                if done + ways[dropoff &* nodes &+ to] <= latest[place + 1] {
                                    let more =
                                        ways[from &* nodes &+ dropoff] + ways[dropoff &* nodes &+ to]
                                        - ways[from &* nodes &+ to]
                                    if detour + more < best.cost {
                                        best = Place(
                                            route: index, pickup: first, dropoff: place + 1, cost: detour + more)
                                    }
                                }
                                time = max(problem.earliest[to], leaves + ways[from &* nodes &+ to])
                                place += 1
                            }
                        }
                    }
                }
            }
        }
        random = draws
        steps += work
    }

    /// Times, loads and length of a route anew.
    private mutating func settle(_ index: Int) {
        let stops = state.routes[index].stops
        let count = stops.count
        state.length -= state.routes[index].length
        var departure = [Double](repeating: 0, count: count)
        var latest = [Double](repeating: 0, count: count)
        var load = [Int32](repeating: 0, count: count)
        var total = 0.0
        departure[0] = problem.earliest[0]
        for place in 1..<count {
            let (from, to) = (Int(stops[place - 1]), Int(stops[place]))
            let way = problem.way(from, to)
            total += way
            departure[place] = max(problem.earliest[to], departure[place - 1] + way) + problem.service[to]
            load[place] = load[place - 1] + Int32(problem.demand[to])
        }
        latest[count - 1] = problem.latest[0]
        for place in stride(from: count - 2, through: 0, by: -1) {
            let (from, to) = (Int(stops[place]), Int(stops[place + 1]))
            latest[place] = min(
                problem.latest[from], latest[place + 1] - problem.way(from, to) - problem.service[from])
        }
        state.routes[index].departure = departure
        state.routes[index].latest = latest
        state.routes[index].load = load
        state.routes[index].length = total
        state.length += total
    }
}
