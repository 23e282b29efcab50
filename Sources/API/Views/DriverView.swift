import Contract
import DispatchCore
import Fulfilment

/// Drivers as lists and answers show them.
struct DriverView: Sendable {
    let house: House

    func profile(_ account: DriverAccount, assigned: Int = 0) -> DriverProfile {
        DriverProfile(
            id: account.id.rawValue, name: account.name, email: account.email, phone: account.phone,
            isOnline: account.availability == .online, accountStatus: account.standing.rawValue,
            vehicleType: account.vehicleType.rawValue,
            vehicleNumber: account.vehicleNumber ?? account.vehicleRegistration, capacity: Int64(account.capacity),
            assignedCount: Int64(assigned), completedOrders: Int64(account.completedOrders),
            createdAt: account.createdAt.milliseconds)
    }

    /// The profile with the number of orders in hand.
    func fullProfile(_ account: DriverAccount) async throws -> DriverProfile {
        var query = OrderQuery()
        query.driverID = account.id
        query.states = OrderState.held
        return profile(account, assigned: try await house.orders.orders(matching: query).count)
    }

    func row(_ account: DriverAccount, assigned: Int) -> DriverRow {
        let member = house.fleet.member(account.id)
        let isFree = assigned < account.capacity
        return DriverRow(
            profile: profile(account, assigned: assigned),
            isAvailable: account.availability == .online && account.standing == .approved && isFree,
            cancelledOrders: Int64(account.cancelledOrders), rating: account.rating,
            lastPoint: member?.lastFix.map { WirePoint($0.point) }, lastSeenAt: member?.lastSeen?.milliseconds)
    }

    /// Rows of many drivers with one look at the open orders.
    func rows(_ accounts: [DriverAccount]) async throws -> [DriverRow] {
        var assigned: [DriverID: Int] = [:]
        for order in try await house.orders.openOrders() {
            if let driver = order.driverID { assigned[driver, default: 0] += 1 }
        }
        return accounts.map { row($0, assigned: assigned[$0.id] ?? 0) }
    }
}

extension OrderState {
    /// States in which exactly one driver holds the order.
    static let held = OrderState.allCases.filter(\.isHeld)
    /// States of orders that something is still to be done about.
    static let open = OrderState.allCases.filter { !$0.isEnded }
}
