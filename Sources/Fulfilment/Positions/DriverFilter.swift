import DispatchCore
import Geo

/// Which drivers a search wants. What is asked for here the live index knows as flags, so others are passed over before
/// the nearest are counted.
package struct DriverFilter: Hashable, Sendable {
    /// Leaves out who is offline, blocked, or whose last fix is stale.
    package var onlyAvailable = true
    /// Leaves out who holds as many orders as he may.
    package var onlyFree = false
    /// Leaves out every other vehicle.
    package var vehicle: VehicleType?

    package init(onlyAvailable: Bool = true, onlyFree: Bool = false, vehicle: VehicleType? = nil) {
        self.onlyAvailable = onlyAvailable
        self.onlyFree = onlyFree
        self.vehicle = vehicle
    }

    /// Available, and with room for one more order.
    package static let free = DriverFilter(onlyFree: true)

    var flags: PointFlags {
        var flags: PointFlags = onlyAvailable ? [.available, .fresh] : []
        if onlyFree { flags.insert(.hasRoom) }
        if let vehicle { flags.insert(PointFlags(vehicle)) }
        return flags
    }

    /// Whether a driver is wanted by what the fleet knows of him; silence apart.
    func wants(_ member: FleetMember) -> Bool {
        (!onlyAvailable || member.isAvailable) && (!onlyFree || member.hasRoom)
            && (vehicle.map { $0 == member.account.vehicleType } ?? true)
    }
}

/// What the live index knows of a driver besides his place. `fresh` is the index's own.
extension PointFlags {
    /// Online by his own word and not blocked.
    static let available = PointFlags(rawValue: 1)
    /// Holds fewer orders than he may.
    static let hasRoom = PointFlags(rawValue: 2)

    init(_ vehicle: VehicleType) {
        switch vehicle {
        case .bicycle: self.init(rawValue: 4)
        case .motorbike: self.init(rawValue: 8)
        case .car: self.init(rawValue: 16)
        }
    }
}

extension FleetMember {
    /// Whether he holds fewer orders than he may.
    package var hasRoom: Bool { held.count < account.capacity }

    var flags: PointFlags {
        var flags = PointFlags(account.vehicleType)
        if isAvailable { flags.insert(.available) }
        if hasRoom { flags.insert(.hasRoom) }
        return flags
    }
}
