package import Geo

/// Legs between cells of about 100 m, by vehicle and hour: bounded, the oldest goes first. A pure value.
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

    private struct Entry {
        let leg: TravelLeg
        let expires: Int64
    }

    private var entries: [Key: Entry] = [:]
    /// Keys in the order in which they came, as a ring.
    private var order: [Key] = []
    private var oldest = 0
    private let capacity: Int
    private let lifetime: Int64

    /// - Parameters:
    ///   - capacity: legs, of about 150 bytes each.
    ///   - lifetimeMilliseconds: a leg older than this is asked for again.
    package init(capacity: Int = 50_000, lifetimeMilliseconds: Int64 = 15 * 60 * 1000) {
        self.capacity = max(1, capacity)
        lifetime = max(0, lifetimeMilliseconds)
    }

    package var count: Int { entries.count }

    /// The remembered leg between two cells at an hour, nil for none.
    package func leg(for key: Key, at now: Int64) -> TravelLeg? {
        guard let entry = entries[key], entry.expires > now else { return nil }
        return entry.leg
    }

    /// Remembers a leg; the oldest gives way.
    package mutating func store(_ leg: TravelLeg, for key: Key, at now: Int64) {
        let entry = Entry(leg: leg, expires: now &+ lifetime)
        guard entries.updateValue(entry, forKey: key) == nil else { return }
        if order.count < capacity {
            order.append(key)
        } else {
            entries[order[oldest]] = nil
            order[oldest] = key
            oldest = (oldest + 1) % capacity
        }
    }
}
