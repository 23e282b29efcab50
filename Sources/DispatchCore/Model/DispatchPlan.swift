/// What to do now, what is meant to be done later, what waits and why.
package struct DispatchPlan: Hashable, Sendable {
    package var policyVersion: Int64
    package var seed: UInt64
    /// Batches to commit and tell now, by driver id.
    package var commits: [PlannedBatch]
    /// Batches that are meant for a driver but not told yet; the next tick may decide otherwise. By driver, in his
    /// sequence.
    package var tentative: [PlannedBatch]
    /// Every order that is not in `commits`, by id, with the rule that holds it.
    package var waiting: [WaitingReason]
    /// Cost of the whole plan, told and tentative, with what is left unserved.
    package var cost: Cost
    /// A lower bound on that cost, over the drivers who were looked at: with all their batches and queues, or with the
    /// batches met where one batch each was recombined. Nil where none can be given.
    package var bound: Cost?
    /// Whether the plan is proven to be the best there is, over all drivers, batches and sequences that the policy
    /// allows; never where an order was tried with the nearest drivers only.
    package var isProvenOptimal = false
    /// Whether the work ran out before every order had been tried everywhere: plain insertion finished the rest.
    package var isDegraded = false
    /// Steps of the search that were really used.
    package var steps: Int64 = 0

    /// Cost above the bound in thousandths of the bound; nil without a bound.
    package var gapPerMille: Int64? {
        guard let bound, bound.value > 0 else { return nil }
        return (cost.value - bound.value) * 1000 / bound.value
    }
}

/// One stop with its planned times.
package struct PlannedStop: Hashable, Sendable {
    package var kind: RunningStop.Kind
    package var order: OrderID
    package var place: PlaceIndex
    package var arrival: Timestamp
    /// When the driver drives on.
    package var departure: Timestamp
    /// From the stop before, or from where the driver is.
    package var distance: WholeMetres
    /// Whether this stop was there before: the driver has been told it already.
    package var isRunning = false
}

/// Orders given together to one driver, with the way that serves them.
package struct PlannedBatch: Hashable, Sendable {
    package var driver: DriverID
    /// New orders of the batch, in the sequence of their pickups.
    package var orders: [OrderID]
    /// The driver's whole way until these orders are delivered; running stops among them are marked.
    package var stops: [PlannedStop]
    /// The whole way in metres, from where the driver is.
    package var distance: WholeMetres
    package var duration: Seconds
    package var reason: BatchReason
}

/// What a batch costs, term by term; the terms add up to `total`.
package struct CostTerms: Hashable, Sendable {
    /// Weighted delay of the orders against a driver standing ready at the restaurant.
    package var delay = Cost.zero
    package var driving = Cost.zero
    /// On top of the delay, beyond the promised times.
    package var lateness = Cost.zero
    package var bagTime = Cost.zero
    package var completion = Cost.zero
    package var switching = Cost.zero
    package var preference = Cost.zero

    package var total: Cost { delay + driving + lateness + bagTime + completion + switching + preference }
}

/// Why these orders went to this driver.
package struct BatchReason: Hashable, Sendable {
    /// Why the batch is told at this tick and not later.
    package enum Trigger: UInt8, Hashable, Sendable, CaseIterable {
        /// The driver has to leave now to be there when the food is ready.
        case mustLeave
        /// The order has no ready time and its window is over.
        case windowOver
        /// The batch is full, so waiting cannot make it better.
        case batchFull
        /// The order has waited as long as the policy allows.
        case waitBound
        /// The driver passes by on his present way and has to know now.
        case onTheWay
        /// An admin pinned the order to the driver.
        case pinned
        /// The policy commits everything at once.
        case immediate
    }

    package var trigger: Trigger
    /// Of the driver's whole way with the batch, less that of his way without it.
    package var terms: CostTerms
    /// The next best drivers for the batch's first order as a single insertion, best first. `explain` re-solves the
    /// whole.
    package var runnersUp: [RunnerUp]
    /// Drivers nearer than the chosen one, or as near, that could not be taken.
    package var refused: [RefusedDriver]
}

/// A driver who was not chosen though he could have been.
package struct RunnerUp: Hashable, Sendable {
    package var driver: DriverID
    /// How much more this driver costs than the chosen one.
    package var difference: Cost
}

/// A driver who could not be chosen.
package struct RefusedDriver: Hashable, Sendable {
    package var driver: DriverID
    package var why: Refusal

    package init(driver: DriverID, why: Refusal) {
        self.driver = driver
        self.why = why
    }
}

/// Why a driver cannot take an order.
package enum Refusal: UInt8, Hashable, Sendable, CaseIterable {
    case offline
    case staleFix
    case shiftEnds
    case excluded
    case pinnedElsewhere
    case restaurantForbidden
    case restaurantNotAllowed
    case wrongVehicle
    case full
    case bagFull
    /// Cannot be there before the order's hard limit, or no way exists.
    case tooLate
    /// Free only beyond the look-ahead.
    case busyTooLong
    /// Was offered something moments ago and has not answered.
    case offeredJustNow
    /// Could be there in time, but enough others are nearer: he was not tried.
    case farther
}

/// The rule that keeps an order in the pool.
package enum HoldReason: UInt8, Hashable, Sendable, CaseIterable {
    /// A driver is planned; he need not leave yet for the food to be met when it is ready.
    case waitingForReadyTime
    /// No ready time is known and the order's window for partners is still open.
    case windowOpen
    /// A driver is planned who is still busy.
    case driverBusy
    /// There is no driver online with a fresh fix.
    case noDriverOnline
    /// Drivers exist, none can make it within the hard limits.
    case noDriverInRange
    /// Everyone in range has all the orders that he may have.
    case allDriversFull
    /// Every driver in range is excluded, forbidden or of the wrong vehicle.
    case excludedEverywhere
    /// The driver to whom the order is pinned cannot take it now.
    case pinnedDriverUnavailable
    /// It is dearer to serve it now than to leave it for later.
    case notWorthwhileYet
    /// Its own data forbid a plan: no way to its places, its limit has passed, larger than every bag.
    case impossible
    /// The tick's work ended before a driver was looked for; the next tick goes on from this plan.
    case workRanOut
}

/// An order that stays in the pool, and what keeps it there.
package struct WaitingReason: Hashable, Sendable {
    package var order: OrderID
    package var reason: HoldReason
    /// The driver who is meant for it, where there is one.
    package var driver: DriverID?
    /// When the driver will be told at the latest as things stand, where one is meant for it.
    package var tellAt: Timestamp?
    /// For an order without a driver: how many drivers are refused for which reason.
    package var refusals: [RefusalCount]
}

/// How many drivers are refused for one reason.
package struct RefusalCount: Hashable, Sendable {
    package var why: Refusal
    package var drivers: Int32

    package init(why: Refusal, drivers: Int32) {
        self.why = why
        self.drivers = drivers
    }
}
