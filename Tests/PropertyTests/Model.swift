import DispatchCore
import Fulfilment

/// What the house must be like, kept by rules written down a second time: the table of contract section 2, as plain as
/// possible, without transactions, versions or events.
struct Model: Sendable {
    struct Known: Sendable {
        var state = OrderState.pending
        /// Who holds the order, or held it when it ended.
        var driver: DriverID?
        var batch: BatchID?
        /// Place in the batch's route.
        var sequence = 0
        var pinnedBy: AdminID?
        var isForced = false
        var excluded: Set<DriverID> = []
        var everHeldBy: Set<DriverID> = []
        var assignedAt: Timestamp?
        var units: Int
        var phone: String
        var otp: String?
        var wrongTries = 0
        var external: String

        var holder: DriverID? { state.isHeld ? driver : nil }
    }

    struct Account: Sendable {
        var capacity: Int
        var units: Int
        var availability = Availability.unsaid
        var standing = AccountStanding.approved
        var lastReport: Timestamp?
        var fixes = 0
    }

    /// One entry of a driver's stream, as far as the rules foresee it.
    enum Heard: Hashable, Sendable {
        case assigned(OrderID)
        case cancelled(OrderID)
        case unassigned(OrderID, code: String)

        init(_ body: DriverEventBody) {
            switch body {
            case .orderAssigned(let told): self = .assigned(OrderID(told.orderID))
            case .orderCancelled(let order, _): self = .cancelled(OrderID(order))
            case .orderUnassigned(let order, _, let code): self = .unassigned(OrderID(order), code: code)
            }
        }
    }

    /// Why the house must refuse.
    enum Refusal: String, Error, Sendable {
        case unknownOrder, unknownDriver, illegalStep, notAllowed, driverBlocked, orderEnded, foodOnBoard
        case pinnedByAnother, otpMissing, otpWrong, otpLocked

        init?(_ error: FulfilmentError) {
            switch error {
            case .unknownOrder: self = .unknownOrder
            case .unknownDriver: self = .unknownDriver
            case .illegalStep: self = .illegalStep
            case .notAllowed: self = .notAllowed
            case .driverBlocked: self = .driverBlocked
            case .orderEnded: self = .orderEnded
            case .foodOnBoard: self = .foodOnBoard
            case .pinnedByAnother: self = .pinnedByAnother
            case .otpMissing: self = .otpMissing
            case .otpWrong: self = .otpWrong
            case .otpLocked: self = .otpLocked
            // The commands of the property test cause none of these.
            case .unknownRestaurant, .unknownBatch, .unknownPool, .nothingLeft, .invalid: return nil
            }
        }
    }

    let driverIDs: [DriverID]
    let adminIDs: [AdminID]
    var now = World.start
    var orders: [OrderID: Known] = [:]
    var accounts: [DriverID: Account] = [:]
    /// What each driver has been told before, and what the present action must tell him.
    var heard: [DriverID: [Heard]] = [:]
    var foreseen: [DriverID: [Heard]] = [:]
    /// Who was paid for which order.
    var paid: [OrderID: DriverID] = [:]

    init(drivers: [DriverAccount], admins: [AdminID]) {
        driverIDs = drivers.map(\.id)
        adminIDs = admins
        for driver in drivers {
            accounts[driver.id] = Account(capacity: driver.capacity, units: driver.bagUnits)
        }
    }

    private func known(_ id: OrderID) throws(Refusal) -> Known {
        guard let known = orders[id] else { throw .unknownOrder }
        return known
    }

    private mutating func foresee(_ event: Heard, for driver: DriverID?) {
        if let driver { foreseen[driver, default: []].append(event) }
    }

    // MARK: - Steps

    mutating func step(_ step: Action.Step, _ id: OrderID, by principal: Principal, otp: String?) throws(Refusal) {
        let order = try known(id)
        if case .driver(let driver) = principal, order.driver != driver {
            // A rejection that comes too late changes nothing and is no error for one who had the order.
            guard step == .reject, order.everHeldBy.contains(driver) else { throw .unknownOrder }
            return
        }
        switch step {
        case .accept: try move(id, from: [.assigned], to: .accepted)
        case .pickUp: try move(id, from: [.assigned, .accepted], to: .pickedUp)
        case .startTransit: try move(id, from: [.pickedUp], to: .inTransit)
        case .deliver: try deliver(id, otp: otp)
        case .reject:
            // A rejection that crosses a cancellation is no error: his phone could not know better.
            if order.state != .cancelled { try release(id, telling: nil) }
        case .unassign: try release(id, telling: "unassigned")
        case .cancelForCustomer: try cancel(id, byAdmin: false)
        case .cancelByAdmin: try cancel(id, byAdmin: true)
        case .deliverByHand:
            if order.state == .delivered { return }
            guard order.state.isHeld else { throw .illegalStep }
            pay(id)
        }
    }

    private mutating func move(_ id: OrderID, from: [OrderState], to: OrderState) throws(Refusal) {
        let order = try known(id)
        if order.state == to { return }
        guard from.contains(order.state) else { throw .illegalStep }
        orders[id]?.state = to
    }

    private mutating func deliver(_ id: OrderID, otp: String?) throws(Refusal) {
        let order = try known(id)
        if order.state == .delivered { return }
        guard order.state.isOnBoard else { throw .illegalStep }
        try checkOTP(otp, id)
        pay(id)
    }

    private mutating func checkOTP(_ otp: String?, _ id: OrderID) throws(Refusal) {
        guard let expected = orders[id]?.otp else { return }
        guard let otp else { throw .otpMissing }
        guard (orders[id]?.wrongTries ?? 0) < 5 else { throw .otpLocked }
        guard otp == expected else {
            orders[id]?.wrongTries += 1
            throw .otpWrong
        }
    }

    private mutating func pay(_ id: OrderID) {
        orders[id]?.state = .delivered
        paid[id] = orders[id]?.driver
    }

    private mutating func release(_ id: OrderID, telling code: String?) throws(Refusal) {
        let order = try known(id)
        if order.state == .pending { return }
        guard order.state.isHeldBeforePickup, let driver = order.driver else { throw .illegalStep }
        if let code { foresee(.unassigned(id, code: code), for: driver) }
        orders[id]?.excluded.insert(driver)
        orders[id]?.state = .pending
        orders[id]?.driver = nil
        orders[id]?.pinnedBy = nil
        orders[id]?.batch = nil
        orders[id]?.assignedAt = nil
    }

    private mutating func cancel(_ id: OrderID, byAdmin: Bool) throws(Refusal) {
        let order = try known(id)
        if order.state == .cancelled { return }
        guard order.state != .delivered else { throw .illegalStep }
        guard !order.state.isOnBoard || byAdmin else { throw .illegalStep }
        foresee(.cancelled(id), for: order.holder)
        if order.state.isOnBoard { paid[id] = order.driver }
        orders[id]?.state = .cancelled
    }

    /// Everything that the customer gets of this driver, whatever the batches.
    mutating func deliverAll(_ id: OrderID, by driver: DriverID, otp: String?) throws(Refusal) {
        let first = try known(id)
        guard first.driver == driver else { throw .unknownOrder }
        let others = orders.filter {
            $0.key != id && $0.value.state.isOnBoard && $0.value.driver == driver && $0.value.phone == first.phone
        }.keys
        guard !others.isEmpty else { return try deliver(id, otp: otp) }
        func place(_ id: OrderID) -> (Int64, Int, OrderID) {
            (orders[id]?.batch?.rawValue ?? 0, orders[id]?.sequence ?? 0, id)
        }
        let all = [id] + others.sorted { place($0) < place($1) }
        let isOpened = all.contains { id in
            guard let order = orders[id] else { return false }
            // An order without a password opens nothing but itself.
            return order.otp != nil && order.otp == otp && order.wrongTries < 5
        }
        for id in all {
            let order = try known(id)
            if order.state == .delivered { continue }
            guard order.state.isOnBoard else { throw .illegalStep }
            if !isOpened { try checkOTP(otp, id) }
        }
        for id in all where orders[id]?.state.isOnBoard == true { pay(id) }
    }

    // MARK: - The force

    /// - Returns: The orders that move to the driver.
    mutating func force(_ force: Action.Force) throws(Refusal) -> [OrderID] {
        guard let account = accounts[force.driver] else { throw .unknownDriver }
        guard account.standing != .blocked else { throw .driverBlocked }
        let ids = force.orders.uniqued()
        for id in ids {
            let order = try known(id)
            guard !order.state.isEnded else { throw .orderEnded }
            if order.holder == force.driver { continue }
            guard !order.state.isOnBoard else { throw .foodOnBoard }
            if let other = order.pinnedBy, other != force.admin, !force.insists { throw .pinnedByAnother }
        }
        let moving = ids.filter { orders[$0]?.holder != force.driver }
        for id in ids {
            if moving.contains(id) { foresee(.unassigned(id, code: "reassigned"), for: orders[id]?.holder) }
            orders[id]?.pinnedBy = force.admin
        }
        for id in moving { bind(id, to: force.driver, isForced: true, at: now) }
        return moving
    }

    mutating func bind(_ id: OrderID, to driver: DriverID, isForced: Bool, at moment: Timestamp) {
        foresee(.assigned(id), for: driver)
        orders[id]?.state = .assigned
        orders[id]?.driver = driver
        orders[id]?.isForced = isForced
        orders[id]?.everHeldBy.insert(driver)
        orders[id]?.assignedAt = moment
    }

    // MARK: - Drivers

    mutating func setStanding(_ standing: AccountStanding, of driver: DriverID) throws(Refusal) {
        accounts[driver]?.standing = standing
        guard standing == .blocked else { return }
        for id in orders.keys.sorted() {
            guard let order = orders[id], order.holder == driver, order.state.isHeldBeforePickup else { continue }
            try release(id, telling: "unassigned")
        }
    }

    mutating func report(_ driver: DriverID) {
        accounts[driver]?.lastReport = now
        accounts[driver]?.fixes += 1
        if accounts[driver]?.availability == .unsaid { accounts[driver]?.availability = .online }
    }

    /// Orders that the engine takes back from drivers who gave no sign of life.
    ///
    /// - Parameter watched: Since when the dispatcher has looked without a gap.
    func lost(at moment: Timestamp, watched: Timestamp) -> [OrderID] {
        orders.keys.sorted().filter { id in
            guard let order = orders[id], order.state.isHeldBeforePickup, order.pinnedBy == nil,
                let driver = order.driver, let assignedAt = order.assignedAt
            else { return false }
            let sign = max(accounts[driver]?.lastReport ?? assignedAt, assignedAt, watched)
            return moment.millisecondsSince(sign) > World.lostAfter
        }
    }

    mutating func lapse(_ id: OrderID) throws(Refusal) {
        try release(id, telling: "timeout")
    }
}
