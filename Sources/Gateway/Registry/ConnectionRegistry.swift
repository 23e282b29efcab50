package import DispatchCore
package import Fulfilment
import Synchronization

/// What a session takes from other threads.
package enum SessionCommand: Sendable {
    /// Hints of committed events.
    case pushed([DriverEvent])
    /// What the event log lists as undelivered.
    case replayed([DriverEvent])
    case welcomed(Welcome)
    case end(CloseReason)
    /// Tokens of an earlier epoch are worth nothing any more.
    case revoked(before: Int64)
    case drain(closesAt: Int64)
}

/// Where commands to one session are put; they are carried out on its own loop, in order.
package protocol SessionEndpoint: AnyObject, Sendable {
    func deliver(_ command: SessionCommand)
    /// The number up to which this session has sent its driver's events; 0 while unknown.
    var sentThrough: Int64 { get }
    /// The epoch of the token that opened it.
    var tokenEpoch: Int64 { get }
    /// When it was opened, on the server's clock.
    var openedAt: Timestamp { get }
}

/// Which session is a driver's: the newest one. Every connection has an epoch, and the end of an old one never removes
/// a newer one's entry.
///
/// Owner of its state: one `Mutex` for each shard of drivers, held for one look-up.
package final class ConnectionRegistry: Sendable {
    private struct Entry {
        var epoch: UInt64
        var endpoint: any SessionEndpoint
    }

    private final class Shard: Sendable {
        let entries = Mutex<[DriverID: Entry]>([:])
    }

    private static let shardCount: Int64 = 16
    private let shards = (0..<shardCount).map { _ in Shard() }
    private let epochs = Atomic<UInt64>(0)
    private let connected = Atomic<Int>(0)

    package init() {}

    /// A number for a new connection, higher than every one before.
    package func nextEpoch() -> UInt64 {
        epochs.add(1, ordering: .relaxed).newValue
    }

    /// Makes this the driver's session unless a newer one is there already.
    ///
    /// - Returns: The session that has to go with 4003: the older one, the given one itself when it came too late, or
    ///   nil.
    package func register(
        _ endpoint: any SessionEndpoint, of driver: DriverID, epoch: UInt64
    ) -> (any SessionEndpoint)? {
        shard(of: driver).entries.withLock { entries in
            guard let present = entries[driver] else {
                entries[driver] = Entry(epoch: epoch, endpoint: endpoint)
                connected.add(1, ordering: .relaxed)
                return nil
            }
            if present.epoch > epoch { return endpoint }
            entries[driver] = Entry(epoch: epoch, endpoint: endpoint)
            return present.endpoint
        }
    }

    /// Forgets the connection with this epoch. A newer one stays.
    ///
    /// - Returns: Whether it was the driver's present session.
    @discardableResult
    package func remove(_ driver: DriverID, epoch: UInt64) -> Bool {
        shard(of: driver).entries.withLock { entries in
            guard entries[driver]?.epoch == epoch else { return false }
            entries[driver] = nil
            connected.subtract(1, ordering: .relaxed)
            return true
        }
    }

    /// Takes the driver's session if its connection has this epoch or an older one. It stays registered until it ends.
    package func session(of driver: DriverID, through epoch: UInt64) -> (any SessionEndpoint)? {
        shard(of: driver).entries.withLock { entries in
            entries[driver].flatMap { $0.epoch <= epoch ? $0.endpoint : nil }
        }
    }

    /// Sessions whose connections have a newer epoch than this one.
    ///
    /// - Complexity: O(n).
    package func openings(after epoch: UInt64) -> [SessionOpening] {
        var openings: [SessionOpening] = []
        for shard in shards {
            shard.entries.withLock { entries in
                for (driver, entry) in entries where entry.epoch > epoch {
                    openings.append(
                        SessionOpening(driverID: driver, number: entry.epoch, openedAt: entry.endpoint.openedAt))
                }
            }
        }
        return openings
    }

    /// Whether the connection with this epoch is the driver's session now.
    package func isCurrent(_ driver: DriverID, epoch: UInt64) -> Bool {
        shard(of: driver).entries.withLock { $0[driver]?.epoch == epoch }
    }

    /// The driver's live session.
    package func session(of driver: DriverID) -> (any SessionEndpoint)? {
        shard(of: driver).entries.withLock { $0[driver]?.endpoint }
    }

    /// Sessions now.
    package var count: Int { connected.load(ordering: .relaxed) }

    /// Every session, by driver.
    ///
    /// - Complexity: O(n log n).
    package func sessions() -> [(driver: DriverID, endpoint: any SessionEndpoint)] {
        var all: [(driver: DriverID, endpoint: any SessionEndpoint)] = []
        for shard in shards {
            shard.entries.withLock { entries in
                for (driver, entry) in entries { all.append((driver, entry.endpoint)) }
            }
        }
        return all.sorted { $0.driver < $1.driver }
    }

    private func shard(of driver: DriverID) -> Shard {
        shards[Int(driver.rawValue.magnitude % UInt64(Self.shardCount))]
    }
}
