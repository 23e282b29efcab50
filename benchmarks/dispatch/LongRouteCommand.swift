import DispatchCore
import Simulation

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
            var search = LongRouteSearch(problem, random: RandomSource(seed: seed).fork(UInt64(lane)))
            search.run(steps: steps)
            return (vehicles: search.vehicles, distance: search.distance, text: search.text)
        }
        let best = found.min { ($0.vehicles, $0.distance) < ($1.vehicles, $1.distance) }
        Harness.say(best?.text ?? "")
    }
}
