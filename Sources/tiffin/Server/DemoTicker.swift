import App
import Contract
import DispatchCore
import Fulfilment
import Synchronization

/// One line for each tick that had something to decide, and the sum at the end. Every figure is the engine's own.
final class DemoTicker: Sendable {
    private struct Sums {
        var ticks = 0
        var orders = 0
        var bySize: [Int] = []
        var pushes = 0
        var conflicts = 0
    }

    private let sums = Mutex(Sums())
    private let figures: FigureBoard

    init(_ figures: FigureBoard) {
        self.figures = figures
    }

    func show(_ tick: TickSummary) {
        let number = sums.withLock { sums -> Int in
            sums.ticks += 1
            sums.orders += tick.orders
            sums.pushes += tick.pushes
            sums.conflicts += tick.conflicts
            for (index, count) in tick.batchesBySize.enumerated() {
                while sums.bySize.count <= index { sums.bySize.append(0) }
                sums.bySize[index] += count
            }
            return sums.ticks
        }
        guard tick.pool > 0 else { return }
        let clock = WireTime.format(milliseconds: tick.at.milliseconds).dropFirst(11).prefix(8)
        var line = " \(clock)  tick \(Self.right(number, 4))   pool \(Self.right(tick.pool, 3))"
        let orders = "\(tick.orders) order\(tick.orders == 1 ? "" : "s")"
        line += "   batches \(Self.right(tick.batches, 2)) (\(orders)\(Self.sizes(tick.batchesBySize)))"
        line += "   waited p50 \(Self.tenths(tick.medianWaitMilliseconds)) s"
        line += "   solve \(Self.tenths(tick.solveMicroseconds)) ms   pushed \(tick.pushes)"
        let sofar = figures.current
        line += "   picked up \(sofar.picked)   delivered \(sofar.delivered)"
        if tick.conflicts > 0 { line += "   conflicts \(tick.conflicts)" }
        if let gap = tick.gapPerMille { line += "   gap \(Double(gap) / 10) %" }
        if tick.isDegraded { line += "   degraded" }
        if tick.estimatedWays > 0 {
            line += "   ways estimated \(tick.estimatedWays) of \(tick.routedWays + tick.estimatedWays)"
        }
        Terminal.line(line)
    }

    func summarise(seconds: Double) {
        let figures = figures.current
        let sums = sums.withLock { $0 }
        let sizes = sums.bySize.enumerated().map { "\($0.element) of \($0.offset + 1)" }.joined(separator: ", ")
        Terminal.line(
            "  bye        \(Int(seconds)) s: \(figures.placed) orders placed, \(sums.orders) given in batches (\(sizes.isEmpty ? "none" : sizes)),"
                + " \(figures.picked) picked up, \(figures.delivered) delivered,"
                + " INR \(figures.paise / 100) earned by drivers, \(figures.pushed) messages on phones,"
                + " \(figures.failures) failures")
    }

    /// How many batches of two, three and more.
    private static func sizes(_ bySize: [Int]) -> String {
        let larger = bySize.enumerated().dropFirst().filter { $0.element > 0 }
        return larger.isEmpty ? "" : "; " + larger.map { "\($0.element)×\($0.offset + 1)" }.joined(separator: " ")
    }

    private static func tenths(_ thousandths: Int64) -> String {
        let tenths = (thousandths + 50) / 100
        return "\(tenths / 10).\(abs(tenths % 10))"
    }

    private static func right(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
