import DequeModule
package import DispatchCore
package import Geo
import Metrics
import Synchronization

/// Sees from positions who enters and leaves a zone, who has arrived at a restaurant or a customer and for how long,
/// and keeps how long drivers wait at each restaurant.
///
/// Owner of its state: one `Mutex`, held for one batch of fixes or one look at the open orders. What it saw waits in a
/// bounded list for the database; when that is full the oldest event goes and is counted.
package final class PresenceWatch: Sendable {
    private struct State {
        var drivers: [DriverID: DriverPresence] = [:]
        var kitchens: [RestaurantID: Kitchen] = [:]
        var events: Deque<PresenceEvent> = []
    }

    /// What pickups have taught about one kitchen.
    private struct Kitchen {
        /// A shorter stay than this has not waited: the food was there before him, since when nobody knows.
        private static let handover: Int64 = 60_000

        var waits = WaitingTimes()
        /// Beyond the kitchen's word, for its later words.
        var deviations = ReadyTimes()
        /// From placing, for orders without a word.
        var preparations = ReadyTimes()

        mutating func learn(_ stay: KitchenStay) {
            waits.record(milliseconds: stay.waited)
            let isSeen = stay.waited >= Self.handover
            if let preparation = stay.preparation {
                preparations.record(milliseconds: preparation, isSeen: isSeen)
            } else if let beyondWord = stay.beyondWord {
                deviations.record(milliseconds: beyondWord, isSeen: isSeen)
            } else if isSeen {
                // Kept before the time beyond the word was: at least the wait is known.
                deviations.record(milliseconds: stay.waited, isSeen: true)
            }
        }
    }

    private let atlas: Atlas
    private let limit: Int
    private let feed: (any AdminFeed)?
    private let state = Mutex(State())
    private let dropped = Counter(label: "presence_dropped_total")

    /// - Parameters:
    ///   - limit: Events that may wait for the database.
    ///   - feed: Told of each event at once; nil where no console is.
    package init(atlas: Atlas, limit: Int = 10_000, feed: (any AdminFeed)? = nil) {
        self.atlas = atlas
        self.feed = feed
        self.limit = max(1, limit)
    }

    /// Fills the statistics at start.
    package func load(_ stays: [RestaurantID: [KitchenStay]]) {
        state.withLock { state in
            for (restaurant, stays) in stays {
                for stay in stays { state.kitchens[restaurant, default: Kitchen()].learn(stay) }
            }
        }
    }

    /// Goes on at start with the stays that had begun and not ended, so that nobody enters twice what he has not left.
    package func resume(_ stays: [PresenceEvent]) {
        state.withLock { state in
            for stay in stays {
                state.drivers[stay.driver, default: DriverPresence(driver: stay.driver)]
                    .resume(stay.spot, since: stay.beganAt)
            }
        }
    }

    /// Fixes in the order they were received.
    ///
    /// - Parameter heldBack: The places of those that the fleet does not believe, ascending: they say nothing here.
    /// - Complexity: O(stops of the driver + corners of his zones) for each, and a look-up for each run of one driver's
    package func seen(_ fixes: [Fix], without heldBack: [Int] = []) {
        let atlas = atlas
        note { state in
            var events: [PresenceEvent] = []
            var doubted = heldBack[...]
            var first = 0
            while first < fixes.count {
                let driver = fixes[first].driverID
                var end = first + 1
                while end < fixes.count, fixes[end].driverID == driver { end += 1 }
                state.drivers[driver, default: DriverPresence(driver: driver)]
                    .seen(fixes[first..<end], without: &doubted, atlas: atlas, &events)
                first = end
            }
            return events
        }
    }

    /// The orders that are held now: whoever waits for one is watched at its restaurant, whoever carries one at its
    /// customer. A stop that is done ends the stay there. Call it every few seconds.
    package func expect(_ open: [OpenOrder], at now: Timestamp) {
        let stops = Dictionary(grouping: open.filter { $0.state.isHeld && $0.driverID != nil }) { $0.driverID }
        note { state in
            var events: [PresenceEvent] = []
            for (driver, orders) in stops {
                guard let driver else { continue }
                events += state.drivers[driver, default: DriverPresence(driver: driver)].expect(orders, at: now)
            }
            for driver in state.drivers.keys.sorted() where stops[driver] == nil {
                events += state.drivers[driver]?.expect([], at: now) ?? []
            }
            return events
        }
    }

    /// How much later than its word each kitchen's food is ready: the median over the last 64 pickups, drawn towards
    /// nothing where few say anything about it. See ``ReadyTimes``.
    package func readyDeviation() -> [RestaurantID: Seconds] { expectations(of: \.deviations) }

    /// How long after an order's placing the food of each kitchen is ready that says nothing about it; as
    /// ``readyDeviation()``.
    package func preparation() -> [RestaurantID: Seconds] { expectations(of: \.preparations) }

    private func expectations(of times: KeyPath<Kitchen, ReadyTimes>) -> [RestaurantID: Seconds] {
        state.withLock { state in
            state.kitchens.compactMapValues { kitchen in
                kitchen[keyPath: times].expected.map { Seconds($0 / 1000) }
            }
        }
    }

    /// Where the driver is now: his zones, and the stops that he has arrived at.
    package func stays(of driver: DriverID) -> [PresenceEvent] {
        state.withLock { $0.drivers[driver]?.stays ?? [] }
    }

    /// The last stays at each restaurant where anybody has waited.
    package func waitingTimes() -> [RestaurantID: WaitingTimes] {
        state.withLock { $0.kitchens.mapValues(\.waits) }
    }

    /// Writes what was seen; what the database refuses waits on.
    package func flush(to log: any PresenceLog) async throws {
        let events = state.withLock { state in
            defer { state.events = [] }
            return Array(state.events)
        }
        guard !events.isEmpty else { return }
        do {
            try await log.append(events)
        } catch {
            let lost = state.withLock { state -> Int in
                state.events = Deque(events) + state.events
                return Self.bound(&state.events, limit)
            }
            if lost > 0 { dropped.increment(by: lost) }
            throw error
        }
    }

    private func note(_ change: (inout State) -> [PresenceEvent]) {
        let (events, lost) = state.withLock { state -> ([PresenceEvent], Int) in
            let events = change(&state)
            for event in events {
                if case .restaurant(let restaurant) = event.spot, let waited = event.waited {
                    state.kitchens[restaurant, default: Kitchen()].learn(
                        KitchenStay(waited: waited, preparation: event.preparation, beyondWord: event.beyondWord))
                }
                state.events.append(event)
            }
            return (events, Self.bound(&state.events, limit))
        }
        if lost > 0 { dropped.increment(by: lost) }
        if let feed { for event in events { feed.presenceChanged(event) } }
    }

    private static func bound(_ events: inout Deque<PresenceEvent>, _ limit: Int) -> Int {
        let surplus = max(0, events.count - limit)
        events.removeFirst(surplus)
        return surplus
    }
}
