/// The rules of one zone's dispatch, as versioned configuration. A plan carries the version that it was made under.
///
/// The defaults are those of a live city. `DispatchPolicy.bounded` is what the engine really uses: absurd values from
/// outside are brought into ranges in which no arithmetic overflows and every search ends.
package struct DispatchPolicy: Hashable, Sendable {
    /// Which orders may form one batch and how its stops may be mixed.
    package enum StopRule: UInt8, Hashable, Sendable, CaseIterable {
        /// Any sequence in which each pickup precedes its dropoff.
        case mixed
        /// Every pickup before the first dropoff.
        case pickupsFirst
        /// One restaurant for the whole batch, every pickup before the first dropoff.
        case oneRestaurant
    }

    /// When a driver is told.
    package enum Commitment: UInt8, Hashable, Sendable, CaseIterable {
        /// When he has to leave, or when a bound says so.
        case late
        /// At once, whatever is planned: for a snapshot that is solved once.
        case immediate
    }

    /// What one more second means.
    package struct Weights: Hashable, Sendable {
        /// A second of an order's delay: what every other weight is measured by. Beside an order's own weight, so that
        /// one zone's orders can count more than another's.
        package var delay = Weight.one
        /// A second of driving. 250 by default: four minutes on the road weigh one minute of an eater's wait.
        package var driving = Weight(perMille: 250)
        /// A second beyond the promised time, on top of the delay itself.
        package var lateness = Weight(perMille: 1000)
        /// A second that food spends in the bag beyond its direct ride.
        package var bagTime = Weight(perMille: 0)
        /// A second until a driver has nothing left to do: breaks ties towards drivers who are free again early.
        ///
        /// A little below nothing breaks them towards drivers who end late, so that those who stand near new orders
        /// stay free; sequences of stops are then the best but for this term.
        package var completion = Weight(perMille: 0)
        /// What each minute that an order has waited in the pool adds to the weight of its delay.
        package var agePerMinute = Weight(perMille: 20)
        /// What it costs to leave an order without a driver.
        package var unserved = Seconds(7200)
        /// What it costs to plan an order for another driver than at the last tick.
        package var switching = Seconds(15)
        /// What it costs to pass over the drivers who prefer the restaurant.
        package var preference = Seconds(30)

        package init() {}
    }

    /// Bounds on what is tried and allowed.
    package struct Limits: Hashable, Sendable {
        /// Restaurants at most so far apart may share a batch.
        package var nearRestaurants = WholeMetres(800)
        /// Ready times within one batch differ at most by this much.
        package var readySpread = Seconds(600)
        /// A dropoff at most so far from the way of another order of the batch counts as on its way.
        package var onTheWay = WholeMetres(1500)
        /// Food is never longer in the bag than this, unless its direct ride alone is.
        package var bagTime = Seconds(2700)
        /// Placed to delivered; a plan beyond it is not made.
        package var clickToDoor = Seconds(10_800)
        /// Whether the two bounds above (and `onTheWay`) are kept at all; without them cost alone decides what
        /// shares a batch.
        package var usesOrderGraph = true
        /// How far ahead a driver's being free is looked at.
        package var lookAhead = Seconds(1800)
        /// Drivers tried for each order, nearest in time first.
        package var nearestDrivers: Int32 = 40
        /// Batches planned one after the other for one driver.
        package var queuedBatches: Int32 = 2

        package init() {}
    }

    /// Raised with every change.
    package var version: Int64 = 1
    /// Time between two dispatch ticks.
    package var tick = Seconds(10)
    /// Most orders in one batch, 1 to 4.
    package var maxBatch: Int32 = 3
    /// An order without a ready time is given within this, where an eligible driver is idle.
    package var maxHold = Seconds(20)
    /// No order with a possible driver stays untold longer than this.
    package var maxWait = Seconds(900)
    /// A driver is told this much before he must leave.
    package var margin = Seconds(20)
    /// Arriving at a restaurant until the food can be taken over, and from then until driving on.
    package var pickupApproach = Seconds(60)
    package var pickupHandover = Seconds(60)
    /// Whether the two above count once for all orders that are taken at one restaurant in a row, or for each order.
    package var onePickupVisit = true
    /// Arriving at the door until the order is with the customer, and from then until driving on.
    package var dropoffApproach = Seconds(60)
    package var dropoffHandover = Seconds(60)
    /// A ready time is taken as late as its usual deviation times this.
    package var readyDeviation = Weight(perMille: 0)
    /// A driver whose last fix is older gets no new orders.
    package var staleAfter = Seconds(60)
    /// A driver who has not answered an offer gets no other so soon after it: a phone shows one offer at a time. Zero:
    /// he may get several.
    package var offerGap = Seconds.zero
    /// Whether a driver who is still on his way may be told his next batch, shortly before he is free.
    package var tellsBusyDrivers = true
    /// Whether a driver is told no more of his batch than sends him to its first restaurant. The rest joins his stops
    /// when he has to know it, and can become better until then: for apps whose route may grow under way.
    package var tellsInParts = false
    package var stopRule = StopRule.mixed
    package var commitment = Commitment.late
    package var weights = Weights()
    package var limits = Limits()
    /// Work for one tick.
    package var budget = WorkBudget.milliseconds(150)

    package init() {}

    package static let largestBatch: Int32 = 4
}

extension DispatchPolicy {
    /// The same policy with every value inside the range that the engine can compute with.
    package var bounded: DispatchPolicy {
        var policy = self
        policy.tick = tick.held(1, 3600)
        policy.maxBatch = min(max(maxBatch, 1), Self.largestBatch)
        policy.maxHold = maxHold.held(0, 86_400)
        policy.maxWait = maxWait.held(0, 86_400)
        policy.margin = margin.held(0, 3600)
        policy.pickupApproach = pickupApproach.held(0, 3600)
        policy.pickupHandover = pickupHandover.held(0, 3600)
        policy.dropoffApproach = dropoffApproach.held(0, 3600)
        policy.dropoffHandover = dropoffHandover.held(0, 3600)
        policy.readyDeviation = readyDeviation.held(0, 5000)
        policy.staleAfter = staleAfter.held(1, 86_400)
        policy.offerGap = offerGap.held(0, 3600)
        policy.weights = weights.bounded
        policy.limits = limits.bounded
        policy.budget = WorkBudget(steps: min(max(budget.steps, 0), 1 << 40))
        return policy
    }
}

extension DispatchPolicy.Weights {
    fileprivate var bounded: Self {
        var weights = self
        weights.delay = delay.held(1, 50_000)
        weights.driving = driving.held(0, 100_000)
        weights.lateness = lateness.held(0, 100_000)
        weights.bagTime = bagTime.held(0, 100_000)
        weights.completion = completion.held(-50, 100_000)
        weights.agePerMinute = agePerMinute.held(0, 10_000)
        weights.unserved = unserved.held(0, 1_000_000)
        weights.switching = switching.held(0, 86_400)
        weights.preference = preference.held(0, 86_400)
        return weights
    }
}

extension DispatchPolicy.Limits {
    fileprivate var bounded: Self {
        var limits = self
        limits.nearRestaurants = WholeMetres(min(max(nearRestaurants.value, 0), 1_000_000))
        limits.onTheWay = WholeMetres(min(max(onTheWay.value, 0), 1_000_000))
        limits.readySpread = readySpread.held(0, 86_400)
        limits.bagTime = bagTime.held(0, 86_400)
        limits.clickToDoor = clickToDoor.held(60, 864_000)
        limits.lookAhead = lookAhead.held(0, 864_000)
        limits.nearestDrivers = min(max(nearestDrivers, 1), 4096)
        limits.queuedBatches = min(max(queuedBatches, 1), 4)
        return limits
    }
}

extension Seconds {
    /// Whether less than this has passed between two offers.
    package func forbids(anotherAt now: Timestamp, after offered: Timestamp) -> Bool {
        now.millisecondsSince(offered) < value * 1000
    }

    fileprivate func held(_ low: Int64, _ high: Int64) -> Seconds { Seconds(min(max(value, low), high)) }
}

extension Weight {
    fileprivate func held(_ low: Int32, _ high: Int32) -> Weight { Weight(perMille: min(max(perMille, low), high)) }
}
