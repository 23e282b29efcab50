package import Geo

/// Legs between cells of about 100 m, by vehicle and hour, and the pairs between which there is no way: bounded, the
/// oldest goes first. A pure value.
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
        let memory: Memory
        let expires: Int64
    }

    private var entries: [Key: Entry] = [:]
    /// Keys in the order in which they came, as a ring.
    private var order: [Key] = []
    private var oldest = 0
    private let capacity: Int
    private let lifetime: Int64

    /// - Parameters:
    ///   - capacity: pairs, of about 150 bytes each. A round asks for every pair of its places, so fewer than a large
    ///     round has would remember nothing for the next: 400,000 are 100 orders and 1,800 drivers.
    ///   - lifetimeMilliseconds: a leg older than this is asked for again.
    package init(capacity: Int = 400_000, lifetimeMilliseconds: Int64 = 15 * 60 * 1000) {
        self.capacity = max(1, capacity)
        lifetime = max(0, lifetimeMilliseconds)
    }

    package var count: Int { entries.count }

    /// What is remembered between two cells at an hour, nil for nothing.
    package func memory(of key: Key, at now: Int64) -> Memory? {
        guard let entry = entries[key], entry.expires > now else { return nil }
        return entry.memory
    }

    /// Remembers a pair; the oldest gives way.
    package mutating func store(_ memory: Memory, for key: Key, at now: Int64) {
        let entry = Entry(memory: memory, expires: now &+ lifetime)
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
