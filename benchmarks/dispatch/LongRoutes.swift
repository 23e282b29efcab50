import DispatchCore
import Foundation
import Simulation

/// One instance of Li and Lim's pickup and delivery problem with time windows: long routes, one depot, fewest vehicles
/// first, then the shortest way.
struct LongRouteProblem: Sendable {
    var vehicles = 0
    var capacity = 0
    /// By node; node 0 is the depot.
    var demand: [Int] = []
    var earliest: [Double] = []
    var latest: [Double] = []
    var service: [Double] = []
    var ways: [Double] = []
    var pickups: [Int] = []
    var dropoffs: [Int] = []
    /// The pair of each node, and for each pair the others by closeness.
    var pairOf: [Int] = []
    var related: [[Int]] = []

    var nodes: Int { demand.count }

    init?(file: String) {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
        let rows = text.split(whereSeparator: \.isNewline).map { line in
            line.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        }.filter { !$0.isEmpty }
        guard let head = rows.first, head.count >= 2, rows.count > 2, rows.dropFirst().allSatisfy({ $0.count >= 9 })
        else { return nil }
        (vehicles, capacity) = (Int(head[0]), Int(head[1]))
        let nodes = rows.dropFirst().sorted { $0[0] < $1[0] }
        demand = nodes.map { Int($0[3]) }
        earliest = nodes.map { $0[4] }
        latest = nodes.map { $0[5] }
        service = nodes.map { $0[6] }
        for from in nodes {
            for to in nodes {
                ways.append(
                    ((from[1] - to[1]) * (from[1] - to[1]) + (from[2] - to[2]) * (from[2] - to[2])).squareRoot())
            }
        }
        pairOf = Array(repeating: -1, count: nodes.count)
        for (index, row) in nodes.enumerated() where index > 0 && row[8] > 0 {
            pairOf[index] = pickups.count
            pairOf[Int(row[8])] = pickups.count
            pickups.append(index)
            dropoffs.append(Int(row[8]))
        }
        related = pickups.indices.map { one in
            func distance(_ other: Int) -> Double {
                way(pickups[one], pickups[other]) + way(dropoffs[one], dropoffs[other])
                    + abs(earliest[pickups[one]] - earliest[pickups[other]]) * 0.3
            }
            return pickups.indices.sorted { (distance($0), $0) < (distance($1), $1) }
        }
    }

    func way(_ from: Int, _ to: Int) -> Double { ways[from * nodes + to] }
}

/// Ruin and recreate with annealing, as the engine does it, on routes of any length: related pairs are taken out around
/// a random one, put back at their cheapest places in a sequence drawn by lot, some places passed over.
///
/// Fewer vehicles: a route is dissolved and its pairs stay out until places are found; pairs that are often left out
/// count more (absence counters, Christiaens and Vanden Berghe 2020).
struct LongRouteSearch {
    private let problem: LongRouteProblem
    private var random: RandomSource
    private(set) var steps = 0
    private var routes: [Route] = []
    private var owner: [Int]
    private var missing: [Int] = []
    private var absences: [Int]
    private var length = 0.0

    struct Route {
        /// From depot to depot.
        var stops: [Int32] = [0, 0]
        var departure: [Double]
        var latest: [Double]
        var load: [Int32] = [0, 0]
        var length = 0.0
    }

    init(_ problem: LongRouteProblem, seed: UInt64) {
        self.problem = problem
        random = RandomSource(seed: seed)
        owner = Array(repeating: -1, count: problem.pickups.count)
        absences = Array(repeating: 0, count: problem.pickups.count)
    }

    var vehicles: Int { routes.count }
    var distance: Double { length }
    var text: String {
        routes.enumerated().map { number, route in
            "Route \(number + 1) : " + route.stops.dropFirst().dropLast().map(String.init).joined(separator: " ")
        }.joined(separator: "\n")
    }

    mutating func run(steps limit: Int) {
        missing = Array(problem.pickups.indices)
        recreate(opensRoutes: true)
        reduceVehicles(until: limit * 6 / 10)
        shorten(until: limit)
    }

    private typealias Saved = (routes: [Route], owner: [Int], missing: [Int], length: Double)
    private var saved: Saved {
        get { (routes, owner, missing, length) }
        set { (routes, owner, missing, length) = newValue }
    }

    private func weight(_ pairs: [Int]) -> Int { pairs.reduce(0) { $0 + absences[$1] } }

    private mutating func reduceVehicles(until limit: Int) {
        var best = saved
        dissolveOne()
        var present = saved
        let start = steps
        while steps < limit {
            let temperature = 10 * pow(0.1, Double(steps - start) / Double(max(limit - start, 1)))
            ruin()
            recreate(opensRoutes: false)
            for pair in missing { absences[pair] += 1 }
            let isBetter =
                missing.count < present.missing.count || weight(missing) < weight(present.missing)
            let isLevel = missing.count <= present.missing.count && weight(missing) <= weight(present.missing)
            if isBetter || (isLevel && length < present.length - temperature * log(random.unit() + 1e-12)) {
                if missing.isEmpty {
                    best = saved
                    dissolveOne()
                }
                present = saved
            } else {
                saved = present
            }
        }
        saved = best
    }

    private mutating func dissolveOne() {
        guard routes.count > 1 else { return }
        let weights = routes.map { route in
            route.stops.reduce(0) { $0 + ($1 == 0 ? 0 : absences[problem.pairOf[Int($1)]] + 1) }
        }
        let chosen = weights.indices.min { (weights[$0], $0) < (weights[$1], $1) } ?? 0
        for pair in owner.indices where owner[pair] == chosen {
            owner[pair] = -1
            missing.append(pair)
        }
        removeRoute(chosen)
    }

    private mutating func removeRoute(_ index: Int) {
        length -= routes[index].length
        routes.remove(at: index)
        for pair in owner.indices where owner[pair] > index { owner[pair] -= 1 }
    }

    private mutating func shorten(until limit: Int) {
        var (present, best) = (saved, saved)
        let start = steps
        while steps < limit {
            let temperature = 30 * pow(0.01, Double(steps - start) / Double(max(limit - start, 1)))
            ruin()
            recreate(opensRoutes: true)
            guard routes.count <= present.routes.count,
                length < present.length - temperature * log(random.unit() + 1e-12)
            else {
                saved = present
                continue
            }
            present = saved
            if routes.count < best.routes.count || length < best.length - 1e-9 { best = saved }
        }
        saved = best
    }

    /// Related pairs leave; of some routes a whole string of stops.
    private mutating func ruin() {
        let target = 1 + random.below(14)
        let seed = random.below(problem.pickups.count)
        var out: [Int] = []
        for relative in problem.related[seed] {
            if out.count >= target { break }
            if owner[relative] < 0 || out.contains(relative) || random.below(5) == 0 { continue }
            out.append(relative)
            if random.below(2) == 0 { out += string(around: relative, upTo: target - out.count, not: out) }
        }
        var touched = Set<Int>()
        for pair in out {
            touched.insert(owner[pair])
            owner[pair] = -1
            missing.append(pair)
        }
        let gone = Set(out)
        for index in touched.sorted() {
            length -= routes[index].length
            routes[index].stops.removeAll { $0 != 0 && gone.contains(problem.pairOf[Int($0)]) }
            settle(index)
            length += routes[index].length
        }
        for index in touched.sorted(by: >) where routes[index].stops.count == 2 { removeRoute(index) }
    }

    private mutating func string(around pair: Int, upTo count: Int, not out: [Int]) -> [Int] {
        let stops = routes[owner[pair]].stops
        guard count > 0, let place = stops.firstIndex(of: Int32(problem.pickups[pair])) else { return [] }
        var found: [Int] = []
        for stop in stops[(place + 1)...] where stop != 0 && found.count < count {
            let other = problem.pairOf[Int(stop)]
            if !out.contains(other), !found.contains(other) { found.append(other) }
            if random.below(4) == 0 { break }
        }
        return found
    }

    private mutating func recreate(opensRoutes: Bool) {
        let choice = random.below(10)
        let keys = missing.map { pair -> Double in
            let (pickup, dropoff) = (problem.pickups[pair], problem.dropoffs[pair])
            switch choice {
            case 0...3: return random.unit()
            case 4: return -Double(problem.demand[pickup])
            case 5: return -problem.way(0, pickup)
            case 6: return problem.way(0, pickup)
            case 7: return problem.latest[pickup] - problem.earliest[pickup]
            case 8: return problem.earliest[pickup]
            default: return -problem.latest[dropoff]
            }
        }
        let order = missing.indices.sorted { (keys[$0], missing[$0]) < (keys[$1], missing[$1]) }.map { missing[$0] }
        missing = []
        for pair in order where !insert(pair, opensRoutes: opensRoutes) { missing.append(pair) }
    }

    private struct Place {
        var route = -1
        var pickup = 0
        var dropoff = 0
        var cost = Double.infinity
    }

    private mutating func insert(_ pair: Int, opensRoutes: Bool) -> Bool {
        var best = Place()
        for index in routes.indices { cheapest(pair, in: index, best: &best) }
        if best.route < 0 {
            guard opensRoutes, routes.count < problem.vehicles else { return false }
            routes.append(Route(departure: [0, 0], latest: [0, 0]))
            settle(routes.count - 1)
            cheapest(pair, in: routes.count - 1, best: &best, blinks: false)
            guard best.route >= 0 else {
                routes.removeLast()
                return false
            }
        }
        length -= routes[best.route].length
        routes[best.route].stops.insert(Int32(problem.dropoffs[pair]), at: best.dropoff)
        routes[best.route].stops.insert(Int32(problem.pickups[pair]), at: best.pickup)
        settle(best.route)
        length += routes[best.route].length
        owner[pair] = best.route
        return true
    }

    /// Every place of the pickup, and behind it of the dropoff, with forward times and the latest times of what follows.
    private mutating func cheapest(_ pair: Int, in index: Int, best: inout Place, blinks: Bool = true) {
        let (pickup, dropoff) = (problem.pickups[pair], problem.dropoffs[pair])
        let (count, nodes, demand) = (routes[index].stops.count, problem.nodes, Int32(problem.demand[pickup]))
        var (work, draws) = (0, random)
        let capacity = Int32(problem.capacity)
        routes[index].stops.withUnsafeBufferPointer { stops in
            routes[index].departure.withUnsafeBufferPointer { departure in
                routes[index].latest.withUnsafeBufferPointer { latest in
                    problem.ways.withUnsafeBufferPointer { ways in
                        for first in 1..<count {
                            work &+= 1
                            let (a, b) = (Int(stops[first - 1]), Int(stops[first]))
                            let toPickup = ways[a &* nodes &+ pickup]
                            let arrival = max(problem.earliest[pickup], departure[first - 1] + toPickup)
                            if arrival > problem.latest[pickup] { break }
                            if routes[index].load[first - 1] &+ demand > capacity { continue }
                            if blinks, draws.below(100) == 0 { continue }
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
                                if routes[index].load[place] &+ demand > capacity { break }
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
        let stops = routes[index].stops
        let count = stops.count
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
        routes[index].departure = departure
        routes[index].latest = latest
        routes[index].load = load
        routes[index].length = total
    }
}

/// `lilim FILE --steps N --seed S --threads T`: the better of two searches, as an independent checker reads it.
struct LongRouteCommand {
    let options: Options

    func run() {
        guard let problem = LongRouteProblem(file: options.subject) else {
            Harness.complain("cannot read \(options.subject)")
            return
        }
        let (steps, seed) = (Int(options.number("steps") ?? 400_000_000), UInt64(options.number("seed") ?? 1))
        let found = ThreadLanes(threads: Int(options.number("threads") ?? 2)).map(2) { lane in
            var search = LongRouteSearch(problem, seed: RandomSource(seed: seed).fork(UInt64(lane)).seedOfLane)
            search.run(steps: steps)
            return (vehicles: search.vehicles, distance: search.distance, text: search.text)
        }
        let best = found.min { ($0.vehicles, $0.distance) < ($1.vehicles, $1.distance) }
        Harness.say(best?.text ?? "")
    }
}

extension RandomSource {
    /// A seed drawn from this generator.
    fileprivate var seedOfLane: UInt64 {
        var copy = self
        return copy.next()
    }
}
