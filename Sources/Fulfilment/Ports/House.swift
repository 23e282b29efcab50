package import DispatchCore
package import Geo

/// Everything the use cases reach the world through, put together once by `App` (real) and by tests and `Simulation`.
package struct House: Sendable {
    package var orders: any OrderStore
    package var accounts: any AccountStore
    package var places: any PlaceStore
    package var pools: any PoolStore
    package var earnings: any EarningsStore
    package var locations: any LocationStore
    package var events: any EventLog
    package var ledger: any DispatchLedger
    package var push: any DriverPush
    package var feed: any AdminFeed
    package var fleet: Fleet
    package var atlas: Atlas
    package var rounds: RoundSignal
    package var lostOrders = LostOrders()
    package var settings: HouseSettings
    package var now: @Sendable () -> Timestamp
    /// Ways through the road network for the dispatch ticks; nil where the estimator of the settings is enough.
    package var travelTimes: (any TravelTimes)?
    /// Who is where, and how long drivers wait at restaurants; nil where nobody watches.
    package var presence: PresenceWatch?
    /// What was seen of it earlier; nil where nobody writes it down.
    package var presenceLog: (any PresenceLog)?
    /// What admins have ruled about dispatch; nil where the settings alone decide.
    package var rules: (any RuleStore)?
    /// Studies a stored tick. `App` puts it on threads of its own; here it runs where it is called.
    package var study: @Sendable (TickRecord, OrderID) async throws -> OrderDecision.Study = {
        try TickInputs.study($0, of: $1)
    }
    /// Plans a stored tick again; on those threads too.
    package var replay: @Sendable (TickRecord) async throws -> TickReplay = { TickReplay($0) }

    package init(
        orders: any OrderStore, accounts: any AccountStore, places: any PlaceStore, pools: any PoolStore,
        earnings: any EarningsStore, locations: any LocationStore, events: any EventLog, ledger: any DispatchLedger,
        push: any DriverPush,
        feed: any AdminFeed,
        fleet: Fleet, atlas: Atlas, rounds: RoundSignal, settings: HouseSettings,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.orders = orders
        self.accounts = accounts
        self.places = places
        self.pools = pools
        self.earnings = earnings
        self.locations = locations
        self.events = events
        self.ledger = ledger
        self.push = push
        self.feed = feed
        self.fleet = fleet
        self.atlas = atlas
        self.rounds = rounds
        self.settings = settings
        self.now = now
    }

    /// Travel times without a map, with the factors of the zones in force.
    package var estimator: TravelTimeEstimator {
        var estimator = settings.travel
        estimator.slowZones = atlas.slowZones
        return estimator
    }

    /// The way between two points at a moment, as estimated for a motorbike.
    package func leg(_ from: GeoPoint, _ to: GeoPoint, at moment: Timestamp) -> TravelLeg {
        estimator.leg(
            from: from, to: to, under: TravelConditions(vehicle: .motorcycle, hour: settings.hour(at: moment)))
    }
}

/// Settings that rules of the house read. Made from the configuration in one place.
package struct HouseSettings: Sendable {
    package var earnings = EarningsPolicy()
    /// Offset of the region's clock at a moment, in seconds east of UTC.
    package var secondsEastOfUTC: @Sendable (Timestamp) -> Int = { _ in 0 }
    /// A one-time password is made for every order that has none.
    package var makesOTP = false
    /// Draws six digits; handed in because drawing is not the house's business.
    package var drawOTP: @Sendable () -> String = { "000000" }
    /// Every n milliseconds a tick.
    package var tickMilliseconds: Int64 = 10_000
    /// The engine gives orders on its own; otherwise only by hand.
    package var isAutomatic = true
    package var lostDriverAfterMilliseconds: Int64 = 600_000
    /// An order that its driver has not accepted for so long returns to the pool; 0 never.
    package var lapseAfterMilliseconds: Int64 = 0
    package var staleAfterMilliseconds: Int64 = 60_000
    /// What bounds a group of an external pool.
    package var poolLimits = PoolGrouping.Limits()
    /// Travel times without a map; the speeds of the region.
    package var travel = TravelTimeEstimator()

    package init() {}

    /// The way between two points at a moment, as estimated for a motorbike.
    package func leg(_ from: GeoPoint, _ to: GeoPoint, at moment: Timestamp) -> TravelLeg {
        travel.leg(from: from, to: to, under: TravelConditions(vehicle: .motorcycle, hour: hour(at: moment)))
    }

    /// What the region's clocks show, as HH:mm.
    package func clockFace(at moment: Timestamp) -> String {
        let seconds = moment.milliseconds / 1000 + Int64(secondsEastOfUTC(moment))
        let minutes = (((seconds % 86_400) + 86_400) % 86_400) / 60
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minutes / 60)):\(two(minutes % 60))"
    }

    /// Local hour of the day, 0 to 23.
    package func hour(at moment: Timestamp) -> Int {
        let seconds = moment.milliseconds / 1000 + Int64(secondsEastOfUTC(moment))
        let day = ((seconds % 86_400) + 86_400) % 86_400
        return Int(day / 3600)
    }
}
