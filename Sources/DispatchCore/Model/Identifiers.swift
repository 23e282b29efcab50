/// An integer that names one thing of one kind. Kinds do not mix: an `OrderID` is not a `DriverID`.
package struct Identifier<Kind>: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number that the database and the wire use, kept below 2^53 so that JavaScript can read it.
    package let rawValue: Int64

    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    package var description: String { String(rawValue) }
}

package enum DriverKind {}
package enum OrderKind {}
package enum BatchKind {}
package enum RestaurantKind {}
package enum ZoneKind {}
package enum PoolKind {}
package enum AdminKind {}

package typealias DriverID = Identifier<DriverKind>
package typealias OrderID = Identifier<OrderKind>
package typealias BatchID = Identifier<BatchKind>
package typealias RestaurantID = Identifier<RestaurantKind>
package typealias ZoneID = Identifier<ZoneKind>
package typealias PoolID = Identifier<PoolKind>
package typealias AdminID = Identifier<AdminKind>
