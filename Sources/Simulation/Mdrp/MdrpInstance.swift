internal import Foundation

/// One day of the meal delivery routing problem library (Reyes et al. 2018): restaurants, orders, drivers
/// ("couriers" in its files) on a plane, times in whole minutes.
package struct MdrpInstance: Sendable {
    package struct Order: Sendable {
        package var id: String
        package var x: Double
        package var y: Double
        package var placed: Int
        package var restaurant: Int
        package var ready: Int
    }

    package struct Driver: Sendable {
        package var id: String
        package var x: Double
        package var y: Double
        package var on: Int
        package var off: Int
    }

    package struct Restaurant: Sendable {
        package var id: String
        package var x: Double
        package var y: Double
    }

    package var restaurants: [Restaurant]
    package var orders: [Order]
    package var drivers: [Driver]
    package var metresPerMinute: Double
    /// Whole service times in minutes; half passes before the event, half after.
    package var pickupService: Double
    package var dropoffService: Double
    package var payPerOrder: Double
    package var payPerHour: Double

    /// Half of it is the longest that the engine takes before an event and after it.
    private static let longestService = 120.0

    /// Reads the four tables of a folder.
    ///
    /// - Throws: `MdrpError` with the file and the reason.
    package init(folder: String) throws(MdrpError) {
        let places = try Self.table(folder, "restaurants.txt", columns: 3)
        restaurants = try places.map { row throws(MdrpError) in
            Restaurant(id: row[0], x: try Self.number(row[1]), y: try Self.number(row[2]))
        }
        let numbers = Dictionary(zip(places.map { $0[0] }, 0...), uniquingKeysWith: { first, _ in first })
        orders = try Self.table(folder, "orders.txt", columns: 6).map { row throws(MdrpError) in
            guard let restaurant = numbers[row[4]] else { throw MdrpError("orders.txt names no restaurant \(row[4])") }
            return Order(
                id: row[0], x: try Self.number(row[1]), y: try Self.number(row[2]),
                placed: Int(try Self.number(row[3])),
                restaurant: restaurant, ready: Int(try Self.number(row[5])))
        }
        drivers = try Self.table(folder, "couriers.txt", columns: 5).map { row throws(MdrpError) in
            Driver(
                id: row[0], x: try Self.number(row[1]), y: try Self.number(row[2]), on: Int(try Self.number(row[3])),
                off: Int(try Self.number(row[4])))
        }
        try Self.refuseRepeats(places.map { $0[0] }, in: "restaurants.txt")
        try Self.refuseRepeats(orders.map(\.id), in: "orders.txt")
        try Self.refuseRepeats(drivers.map(\.id), in: "couriers.txt")
        guard let values = try Self.table(folder, "instance_parameters.txt", columns: 7).first else {
            throw MdrpError("instance_parameters.txt has no values")
        }
        metresPerMinute = try Self.number(values[0])
        pickupService = try Self.service(values[1])
        dropoffService = try Self.service(values[2])
        payPerOrder = try Self.number(values[5])
        payPerHour = try Self.number(values[6])
        guard metresPerMinute > 0 else { throw MdrpError("metres per minute must be above zero") }
    }

    private static func table(_ folder: String, _ name: String, columns: Int) throws(MdrpError) -> [[String]] {
        guard let text = try? String(contentsOfFile: folder + "/" + name, encoding: .utf8) else {
            throw MdrpError("cannot read \(name)")
        }
        let rows = text.split(whereSeparator: \.isNewline).dropFirst()
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
            .filter { $0.count > 1 || $0.first?.isEmpty == false }
        for row in rows where row.count < columns { throw MdrpError("\(name) has a row of \(row.count) columns") }
        return rows
    }

    private static func refuseRepeats(_ ids: [String], in name: String) throws(MdrpError) {
        var known: Set<String> = []
        for id in ids where !known.insert(id).inserted { throw MdrpError("\(name) has \(id) twice") }
    }

    private static func service(_ text: String) throws(MdrpError) -> Double {
        let minutes = try number(text)
        guard (0...longestService).contains(minutes) else {
            throw MdrpError("a service time is not between 0 and \(Int(longestService)) min: \(text)")
        }
        return minutes
    }

    private static func number(_ text: String) throws(MdrpError) -> Double {
        guard let value = Double(text.trimmingCharacters(in: .whitespaces)), value.isFinite, abs(value) < 1e9 else {
            throw MdrpError("not a number: \(text)")
        }
        return value
    }
}

/// Why an instance could not be read.
package struct MdrpError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
