package import Geo

/// Legs between cells of about 100 m, by vehicle and hour, and the pairs between which there is no way: bounded, and
/// what nobody has asked for since it was last passed over goes first (the clock algorithm). A pure value.
package struct LegCache: Sendable {
    /// From where to where, when and how.
    package struct Key: Hashable, Sendable {
        private let origin: Int64
        private let destination: Int64
        private let conditions: TravelConditions

        package init(from origin: GeoPoint, to destination: GeoPoint, under conditions: TravelConditions) {
            self.origin = Key.cell(origin)
            self.destination = Key.cell(destination)
            self.conditions = conditions
        }

        /// Thousandths of a degree.
        private static func cell(_ point: GeoPoint) -> Int64 {
            Int64((point.latitude * 1000).rounded()) << 32 + Int64((point.longitude * 1000).rounded())
        }
    }

    /// What is remembered of a pair.
    package enum Memory: Hashable, Sendable {
        case leg(TravelLeg)
        /// The server knows no way.
        case noWay
    }

    private struct Entry {
        let key: Key
        var memory: Memory
        var expires: Int64
        var wasAskedFor = false
    }

    /// Where in the ring a pair is.
    private var places: [Key: Int] = [:]
    private var ring: [Entry] = []
    /// Whose turn it is to go, or to be passed over.
    private var hand = 0
    private let capacity: Int
    private let lifetime: Int64

    /// - Parameters:
    ///   - capacity: pairs, of about 200 bytes each; 400,000 are 100 orders and 1,800 drivers.
    ///   - lifetimeMilliseconds: a leg older than this is asked for again.
    package init(capacity: Int = 400_000, lifetimeMilliseconds: Int64 = 15 * 60 * 1000) {
        self.capacity = max(1, capacity)
        lifetime = max(0, lifetimeMilliseconds)
    }

    package var count: Int { ring.count }

    /// What is remembered between two cells at an hour, nil for nothing.
    package mutating func memory(of key: Key, at now: Int64) -> Memory? {
        guard let place = places[key], ring[place].expires > now else { return nil }
        ring[place].wasAskedFor = true
        return ring[place].memory
    }

    /// Remembers a pair; one that is too old or that nobody asks for gives way.
    ///
    /// - Complexity: O(1) amortised over the asking.
    package mutating func store(_ memory: Memory, for key: Key, at now: Int64) {
        let expires = now &+ lifetime
        if let place = places[key] {
            ring[place].memory = memory
            ring[place].expires = expires
            return
        }
        guard ring.count == capacity else {
            places[key] = ring.count
            ring.append(Entry(key: key, memory: memory, expires: expires))
            return
        }
        while ring[hand].wasAskedFor, ring[hand].expires > now {
            ring[hand].wasAskedFor = false
            hand = (hand + 1) % capacity
        }
        places[ring[hand].key] = nil
        places[key] = hand
        ring[hand] = Entry(key: key, memory: memory, expires: expires)
        hand = (hand + 1) % capacity
    }
}
