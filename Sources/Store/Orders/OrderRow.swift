import DispatchCore
import Fulfilment
import Geo
import Postgres

/// How an order with its assignment is read: the order's row, its hold and the hold's driver.
enum OrderRow {
    static let columns = """
        o.id, o.version, o.state, o.created_at, o.pooled_at, o.accepted_at, o.picked_up_at, o.delivered_at, \
        o.cancelled_at, \
        o.cancel_reason, o.otp_failures, o.given_back, o.zone_id, \
        o.customer_name, o.customer_phone, o.customer_email, \
        o.pickup_name, o.pickup_address, o.pickup_phone, o.pickup_latitude, o.pickup_longitude, \
        o.dropoff_name, o.dropoff_address, o.dropoff_phone, o.dropoff_latitude, o.dropoff_longitude, \
        o.external_id, o.external_pool_id, o.restaurant_id, o.items, o.total_paise, o.instructions, o.bag_units, \
        o.vehicle_types, o.delay_weight, o.ready_at, o.promised_at, o.otp, o.stated_earnings_paise, o.stated_distance_m, \
        h.driver_id, d.name, h.batch_id, h.sequence, h.source, h.pinned_by, h.base_paise, h.distance_paise, \
        h.peak_hour_paise, h.multi_order_paise, h.adjustment_paise, h.distance_m, h.duration_s, h.assigned_at
        """
    static let tables = "orders o LEFT JOIN holds h ON h.id = o.hold_id LEFT JOIN drivers d ON d.id = h.driver_id"
    static let selection = "SELECT \(columns) FROM \(tables)"

    static func orders(_ rows: Rows) throws -> [Order] {
        try rows.map(order)
    }

    static func order(_ row: Row) throws -> Order {
        var cells = row.cells
        let id: OrderID = try cells.id()
        let version = try cells.next(Int64.self)
        let state: OrderState = try cells.word()
        let createdAt = try cells.time()
        let pooledAt = try cells.time()
        let times = try (0..<4).map { _ in try cells.optionalTime() }
        let cancelReason = try cells.next(String?.self)
        let otpFailures = try cells.next(Int.self)
        let isGivenBack = try cells.next(Bool.self)
        let zone: ZoneID? = try cells.optionalID()
        let content = try content(&cells)
        var order = Order(id: id, version: version, state: state, content: content, createdAt: createdAt)
        order.pooledAt = pooledAt
        order.acceptedAt = times[0]
        order.pickedUpAt = times[1]
        order.deliveredAt = times[2]
        order.cancelledAt = times[3]
        order.cancelReason = cancelReason
        order.otpFailures = otpFailures
        order.isGivenBack = isGivenBack
        order.zoneID = zone
        order.assignment = try assignment(&cells)
        return order
    }

    private static func content(_ cells: inout Row.Cells) throws -> OrderContent {
        let customer = Customer(name: try cells.next(), phone: try cells.next(), email: try cells.next())
        let pickup = Place(
            name: try cells.next(), address: try cells.next(), phone: try cells.next(), point: try cells.point())
        let dropoff = Place(
            name: try cells.next(), address: try cells.next(), phone: try cells.next(), point: try cells.point())
        var content = OrderContent(customer: customer, pickup: pickup, dropoff: dropoff)
        content.externalID = try cells.next()
        content.externalPoolID = try cells.optionalID()
        content.restaurantID = try cells.optionalID()
        content.items = try cells.json()
        content.total = try cells.paise()
        content.instructions = try cells.next()
        content.bagUnits = try cells.next()
        content.vehicles = try cells.words()
        content.delayWeight = try cells.next()
        content.readyAt = try cells.optionalTime()
        content.promisedAt = try cells.optionalTime()
        content.otp = try cells.next()
        content.statedEarnings = try cells.optionalPaise()
        content.statedDistance = try cells.next()
        return content
    }

    private static func assignment(_ cells: inout Row.Cells) throws -> Assignment? {
        guard let driver: DriverID = try cells.optionalID() else { return nil }
        return Assignment(
            driverID: driver, driverName: try cells.next(), batchID: try cells.id(), sequence: try cells.next(),
            source: try cells.word(), pinnedBy: try cells.optionalID(),
            earnings: EarningsQuote(
                base: try cells.paise(), distance: try cells.paise(), peakHour: try cells.paise(),
                multiOrder: try cells.paise(), adjustment: try cells.paise()),
            distance: try cells.next(), durationSeconds: try cells.next(), assignedAt: try cells.time())
    }
}
