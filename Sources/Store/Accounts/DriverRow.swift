import DispatchCore
import Fulfilment
import Postgres

/// How a driver's account is read.
enum DriverRow {
    static let columns = """
        d.id, d.name, d.phone, d.email, d.created_at, d.standing, d.availability, d.vehicle_type, d.vehicle_number, \
        d.vehicle_registration, d.capacity, d.bag_units, d.shift_ends_at, d.rating, d.completed_orders, \
        d.cancelled_orders, \
        d.token_epoch, d.bank
        """
    static let selection = "SELECT \(columns) FROM drivers d"

    static func account(_ row: Row) throws -> DriverAccount {
        var cells = row.cells
        var account = DriverAccount(
            id: try cells.id(), name: try cells.next(), phone: try cells.next(), email: try cells.next(),
            createdAt: try cells.time())
        account.standing = try cells.word()
        account.availability = try cells.word()
        account.vehicleType = try cells.word()
        account.vehicleNumber = try cells.next()
        account.vehicleRegistration = try cells.next()
        account.capacity = try cells.next()
        account.bagUnits = try cells.next()
        account.shiftEndsAt = try cells.optionalTime()
        account.rating = try cells.next()
        account.completedOrders = try cells.next()
        account.cancelledOrders = try cells.next()
        account.tokenEpoch = try cells.next()
        account.bank = try cells.json()
        return account
    }
}
