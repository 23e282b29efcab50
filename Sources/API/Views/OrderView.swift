import Contract
import DispatchCore
import Fulfilment
import Geo
import Identity

/// An order as one reader may see it.
struct OrderView: Sendable {
    /// Who reads.
    enum Viewer: Sendable, Hashable {
        case admin
        case driver(DriverID)

        init(_ bearer: Bearer) {
            self = bearer.role == .admin ? .admin : .driver(DriverID(bearer.id))
        }
    }

    let showsOTPToDriver: Bool

    func object(_ order: Order, for viewer: Viewer) -> OrderObject {
        let content = order.content
        var object = OrderObject(
            id: order.id.rawValue, status: order.state.rawValue, customerName: content.customer.name,
            deliveryAddress: content.dropoff.address, createdAt: order.createdAt.milliseconds)
        object.poolID = content.externalPoolID?.rawValue
        object.zoneID = order.zoneID?.rawValue
        object.delivery = content.dropoff.point.map(WirePoint.init)
        object.restaurantID = content.restaurantID?.rawValue
        object.restaurantName = content.pickup.name ?? ""
        object.pickupAddress = content.pickup.address
        object.restaurantPhone = content.pickup.phone
        object.pickup = content.pickup.point.map(WirePoint.init)
        object.items = content.items.map {
            Contract.OrderItem(name: $0.name, quantity: Int64($0.quantity), pricePaise: $0.price.rawValue)
        }
        object.orderTotalPaise = content.total.rawValue
        object.specialInstructions = content.instructions
        object.externalOrderID = content.externalID
        object.bagUnits = Int64(content.bagUnits)
        object.vehicleTypes = content.vehicles.map(\.rawValue)
        object.delayWeight = Int64(content.delayWeight)
        object.cancelReason = order.cancelReason
        fillAssignment(of: order, into: &object)
        fillTimes(of: order, into: &object)
        fillPrivateParts(of: order, for: viewer, into: &object)
        return object
    }

    private func fillAssignment(of order: Order, into object: inout OrderObject) {
        object.driverEarningsPaise = order.content.statedEarnings?.rawValue ?? 0
        object.distanceMetres = order.content.statedDistance.map(Int64.init)
        guard let assignment = order.assignment else { return }
        object.batchID = assignment.batchID.rawValue
        object.sequence = Int64(assignment.sequence)
        object.driverID = assignment.driverID.rawValue
        object.driverName = assignment.driverName
        object.driverEarningsPaise = assignment.earnings.total.rawValue
        object.distanceMetres = Int64(assignment.distance)
        object.durationMinutes = assignment.durationSeconds.map { Int64(($0 + 59) / 60) }
        object.isPinned = assignment.pinnedBy != nil
    }

    private func fillTimes(of order: Order, into object: inout OrderObject) {
        object.times.ready = order.content.readyAt?.milliseconds
        object.times.promised = order.content.promisedAt?.milliseconds
        object.times.assigned = order.assignment?.assignedAt.milliseconds
        object.times.accepted = order.acceptedAt?.milliseconds
        object.times.pickedUp = order.pickedUpAt?.milliseconds
        object.times.delivered = order.deliveredAt?.milliseconds
        object.times.cancelled = order.cancelledAt?.milliseconds
    }

    /// The customer's phone and password belong to the driver only while the order is his. Afterwards the last digits
    /// stay, because the app groups what it lists by phone.
    private func fillPrivateParts(of order: Order, for viewer: Viewer, into object: inout OrderObject) {
        let customer = order.content.customer
        switch viewer {
        case .admin:
            object.customerPhone = customer.phone
            object.customerEmail = customer.email
            object.otp = order.content.otp
        case .driver(let driver) where order.holder == driver:
            object.customerPhone = customer.phone
            object.customerEmail = customer.email
            object.otp = showsOTPToDriver ? order.content.otp.map { String($0.suffix(4)) } : nil
        case .driver:
            object.customerPhone = customer.phone.isEmpty ? "" : "******" + customer.phone.suffix(4)
        }
    }
}

extension WirePoint {
    init(_ point: GeoPoint) {
        self.init(latitude: point.latitude, longitude: point.longitude)
    }

    /// The point in the house's type. Bodies were checked to lie on the globe when they were read.
    var geoPoint: GeoPoint? { GeoPoint(latitude: latitude, longitude: longitude) }
}
