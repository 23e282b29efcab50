internal import Foundation

/// A problem file as it stands. Its keys are the format's.
///
/// Rows are read one by one: what is wrong with a row is said of that row, and the others stand.
struct SnapshotContent: Sendable {
    /// What a row is called: text or a whole number, given back as it came. Texts are told apart by their bytes.
    enum RowID: Hashable, Sendable {
        case text(String)
        case number(Int64)

        static func == (first: RowID, second: RowID) -> Bool {
            switch (first, second) {
            case (.number(let one), .number(let other)): one == other
            case (.text(let one), .text(let other)): one.utf8.elementsEqual(other.utf8)
            default: false
            }
        }

        func hash(into hasher: inout Hasher) {
            switch self {
            case .text(let text): for byte in text.utf8 { hasher.combine(byte) }
            case .number(let number): hasher.combine(number)
            }
        }

        var json: String {
            switch self {
            case .text(let text): text.asJSON
            case .number(let number): String(number)
            }
        }
    }

    struct Order: Sendable {
        var id: RowID
        var pickup: [Double]
        var dropoff: [Double]
        var placed: Double?
        var ready: Double?
    }

    struct Driver: Sendable {
        var id: RowID
        var position: [Double]
        var available: Double?
        var capacity: Double?
    }

    /// A row that takes no part, and why.
    struct Refused: Sendable {
        var kind: String
        /// Its place in the file's list, from 0.
        var row: Int
        var id: RowID?
        var reason: String

        var json: String {
            "{\"\(kind)\":\(id?.json ?? "null"),\"row\":\(row),\"reason\":\(reason.asJSON)}"
        }
    }

    var now: Double
    var metresPerSecond: Double
    var detour: Double
    var pickupService: Double
    var dropoffService: Double
    var clickToDoor: Double
    var unservedPenalty: Double
    var driveWeight: Double
    private(set) var orders: [Order] = []
    private(set) var drivers: [Driver] = []
    private(set) var refused: [Refused] = []

    private static let format = "dispatch-snapshot/1"

    /// - Throws: `SnapshotError` in words for a person.
    init(json: [UInt8]) throws(SnapshotError) {
        let file: File
        do {
            file = try JSONDecoder().decode(File.self, from: Data(json))
        } catch DecodingError.keyNotFound(let key, _) {
            throw .unreadable("it has no \(key.stringValue)")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            let name = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw .unreadable(name.isEmpty ? "it is no object" : "\(name) is not what the format says")
        } catch {
            throw .unreadable("it is no JSON")
        }
        if let format = file.format, format != Self.format { throw .unsupported("its format is not \(Self.format)") }
        now = try file.now_s.map { value throws(SnapshotError) in try value.number("now_s") } ?? 0
        metresPerSecond = try file.speed_mps.number("speed_mps")
        detour = try file.detour.number("detour")
        pickupService = try file.pickup_service_s.number("pickup_service_s")
        dropoffService = try file.dropoff_service_s.number("dropoff_service_s")
        clickToDoor = try file.max_click_to_door_s.number("max_click_to_door_s")
        unservedPenalty = try file.unserved_penalty_s.number("unserved_penalty_s")
        driveWeight = try file.drive_weight.number("drive_weight")
        var known: Set<RowID> = []
        for (row, order) in file.orders.enumerated() {
            guard let id = take("order", order?.id, row, missing: order?.missing, known: &known), let order else {
                continue
            }
            orders.append(
                Order(
                    id: id, pickup: order.pickup?.values ?? [], dropoff: order.dropoff?.values ?? [],
                    placed: order.placed_s?.value, ready: order.ready_s?.value))
        }
        known = []
        for (row, driver) in file.drivers.enumerated() {
            guard let id = take("driver", driver?.id, row, missing: driver?.missing, known: &known), let driver else {
                continue
            }
            drivers.append(
                Driver(
                    id: id, position: driver.pos?.values ?? [], available: driver.available_s?.value,
                    capacity: driver.capacity?.value))
        }
    }

    /// The row's id if the row takes part; otherwise the row is noted with the reason.
    ///
    /// - Parameter missing: Keys that the row has not; nil for a row that is no object.
    private mutating func take(
        _ kind: String, _ id: RowID?, _ row: Int, missing: [String]?, known: inout Set<RowID>
    ) -> RowID? {
        let reason: String
        if let missing, let id {
            if let key = missing.first {
                reason = "it has no \(key)"
            } else if known.insert(id).inserted {
                return id
            } else {
                reason = "another \(kind) before it has the same id"
            }
        } else {
            reason = missing == nil ? "it is no object" : "it has no id that is text or a whole number"
        }
        refused.append(Refused(kind: kind, row: row, id: id, reason: reason))
        return nil
    }
}

/// The keys of the file.
private struct File: Decodable {
    var format: String?
    var now_s: Loose?
    var speed_mps: Loose
    var detour: Loose
    var pickup_service_s: Loose
    var dropoff_service_s: Loose
    var max_click_to_door_s: Loose
    var unserved_penalty_s: Loose
    var drive_weight: Loose
    var orders: [OrderRow?]
    var drivers: [DriverRow?]
}

/// Reads whatever stands in an order's place; a row that is no object misses everything.
private struct OrderRow: Decodable {
    enum Key: String, CodingKey, CaseIterable { case id, pickup, dropoff, placed_s, ready_s }

    var id: SnapshotContent.RowID?
    var pickup: LoosePoint?
    var dropoff: LoosePoint?
    var placed_s: Loose?
    var ready_s: Loose?
    /// Nil for what is no object.
    var missing: [String]?

    init(from decoder: any Decoder) throws {
        guard let row = try? decoder.container(keyedBy: Key.self) else { return }
        missing = row.missing(Key.allCases)
        id = row.rowID(.id)
        pickup = try? row.decode(LoosePoint.self, forKey: .pickup)
        dropoff = try? row.decode(LoosePoint.self, forKey: .dropoff)
        placed_s = try? row.decode(Loose.self, forKey: .placed_s)
        ready_s = try? row.decode(Loose.self, forKey: .ready_s)
    }
}

/// Reads whatever stands in a driver's place.
private struct DriverRow: Decodable {
    enum Key: String, CodingKey, CaseIterable { case id, pos, available_s, capacity }

    var id: SnapshotContent.RowID?
    var pos: LoosePoint?
    var available_s: Loose?
    var capacity: Loose?
    var missing: [String]?

    init(from decoder: any Decoder) throws {
        guard let row = try? decoder.container(keyedBy: Key.self) else { return }
        missing = row.missing(Key.allCases)
        id = row.rowID(.id)
        pos = try? row.decode(LoosePoint.self, forKey: .pos)
        available_s = try? row.decode(Loose.self, forKey: .available_s)
        capacity = try? row.decode(Loose.self, forKey: .capacity)
    }
}

extension KeyedDecodingContainer {
    fileprivate func missing(_ keys: [Key]) -> [String] {
        keys.filter { !contains($0) && $0.stringValue != "id" }.map(\.stringValue)
    }

    fileprivate func rowID(_ key: Key) -> SnapshotContent.RowID? {
        if let text = try? decode(String.self, forKey: key) { return .text(text) }
        return (try? decode(Int64.self, forKey: key)).map { .number($0) }
    }
}

/// A number, or nothing where something else stands.
private struct Loose: Decodable {
    var value: Double?

    init(from decoder: any Decoder) throws {
        let number = try? decoder.singleValueContainer().decode(Double.self)
        value = number.flatMap { $0.isFinite ? $0 : nil }
    }

    /// - Throws: `SnapshotError.unreadable` where something else stands.
    func number(_ name: String) throws(SnapshotError) -> Double {
        guard let value else { throw .unreadable("\(name) is not a number") }
        return value
    }
}

/// Coordinates; none where anything but numbers stands.
private struct LoosePoint: Decodable {
    var values: [Double]

    init(from decoder: any Decoder) throws {
        let numbers = (try? decoder.singleValueContainer().decode([Loose].self)) ?? []
        values = numbers.allSatisfy { $0.value != nil } ? numbers.compactMap(\.value) : []
    }
}

extension String {
    /// The text as a value of JSON, in its quotes.
    var asJSON: String {
        guard let data = try? JSONEncoder().encode(self) else { return "\"\"" }
        return String(decoding: data, as: UTF8.self)
    }
}
