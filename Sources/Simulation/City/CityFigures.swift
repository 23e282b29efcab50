internal import DispatchCore
internal import Fulfilment

/// What a simulated service came to. Minutes unless said.
package struct CityFigures: Sendable {
    package var orders = 0
    package var delivered = 0
    package var cancelled = 0
    package var clickToDoor = 0.0
    package var clickToDoorP90 = 0.0
    /// Delivered within 50 minutes, in percent.
    package var inTime = 0.0
    package var readyToPickup = 0.0
    package var inBag = 0.0
    package var ordersPerBatch = 0.0
    package var kilometresPerOrder = 0.0
    /// Of the drivers' time, in percent.
    package var driverUse = 0.0
    package var rejected = 0
    package var lapsed = 0
    package var forced = 0
    package var violations = 0
    /// Click-to-door of each delivered order with the minute it was placed at.
    package var series: [(placed: Double, time: Double)] = []
    package var batchSizes: [Int] = []
    /// Minutes after the promised time of each delivered order; negative is early.
    package var lateness: [Double] = []
    /// Delivered after the promised time, in percent.
    package var late = 0.0
    /// Mean of the minutes after the promised time; who is early counts as zero.
    package var minutesLate = 0.0

    package init(_ day: CityDay) {
        orders = day.orders.count
        rejected = day.rejected
        lapsed = day.lapsed
        forced = day.forced
        violations = day.violations.count
        for order in day.orders {
            if order.state == .cancelled { cancelled += 1 }
            guard order.state == .delivered else { continue }
            delivered += 1
            series.append((Double(order.placed) / 60, Double(order.delivered - order.placed) / 60))
            lateness.append(Double(order.delivered - order.placed - order.promise) / 60)
            readyToPickup += Double(order.pickedUp - order.ready) / 60
            inBag += Double(order.delivered - order.pickedUp) / 60
        }
        let count = Double(max(delivered, 1))
        let times = series.map(\.time).sorted()
        clickToDoor = times.reduce(0, +) / count
        clickToDoorP90 = times.isEmpty ? 0 : times[(times.count - 1) * 9 / 10]
        inTime = 100 * Double(times.count { $0 <= 50 }) / count
        minutesLate = lateness.reduce(0) { $0 + max($1, 0) } / count
        late = 100 * Double(lateness.count { $0 > 0 }) / count
        readyToPickup /= count
        inBag /= count
        batchSizes = (1...4).map { size in day.batchSizes.count { $0 == size } }
        ordersPerBatch = Double(day.batchSizes.reduce(0, +)) / Double(max(day.batchSizes.count, 1))
        kilometresPerOrder = Double(day.drivers.reduce(0) { $0 + $1.metres }) / 1000 / count
        let span = Double(max(day.ticks, 1)) * Double(day.policy.bounded.tick.value) * Double(max(day.drivers.count, 1))
        driverUse = 100 * Double(day.drivers.reduce(0) { $0 + $1.busySeconds }) / span
    }

    /// How much worse these figures are than others, in percent of the other mean click-to-door: the mean
    /// click-to-door or the mean lateness, whichever is the worse of the two. Negative where both are better.
    ///
    /// Lateness is measured against click-to-door too: in percent of a lateness near zero anything is far worse.
    package func worsening(against other: CityFigures) -> Double {
        let worse = max(clickToDoor - other.clickToDoor, minutesLate - other.minutesLate)
        return 100 * worse / max(other.clickToDoor, 1)
    }

    /// Name and value of each figure, in the sequence in which they are shown.
    package var rows: [(name: String, value: Double)] {
        [
            ("orders", Double(orders)), ("delivered", Double(delivered)), ("cancelled", Double(cancelled)),
            ("click to door, mean min", clickToDoor), ("click to door, p90 min", clickToDoorP90),
            ("within 50 min, %", inTime), ("after the promise, %", late),
            ("after the promise, mean min", minutesLate), ("ready to pickup, mean min", readyToPickup),
            ("in the bag, mean min", inBag),
            ("orders per batch", ordersPerBatch), ("km per order", kilometresPerOrder), ("driver use, %", driverUse),
            ("rejected batches", Double(rejected)), ("orders given by hand", Double(forced)),
            ("orders of lost drivers", Double(lapsed)), ("broken rules", Double(violations)),
        ]
    }
}
