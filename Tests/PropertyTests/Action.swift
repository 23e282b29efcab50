import DispatchCore
import Fulfilment
import TestSupport

/// One thing that somebody does.
enum Action: Sendable, CustomStringConvertible {
    /// What a driver or an admin wants of one order.
    enum Step: String, Sendable, CaseIterable {
        case accept, pickUp, startTransit, deliver, reject
        case cancelForCustomer, cancelByAdmin, unassign, deliverByHand
    }

    case wait(seconds: Int64)
    case report(DriverID, east: Int, north: Int)
    case say(DriverID, online: Bool)
    case place(number: Int, Drawn)
    case step(Step, OrderID, by: Principal, otp: String?)
    case deliverAll(OrderID, by: DriverID, otp: String?)
    case force(Force)
    /// The last force again, with its idempotency key.
    case forceAgain
    case setStanding(DriverID, AccountStanding, by: AdminID)
    case ready(OrderID, by: AdminID)
    /// A dispatch tick; `meanwhile` happens while the plan is made.
    case tick(meanwhile: [Action])
    /// The lease is taken over while the plan is made: the other dispatcher makes a whole tick, then the first goes on.
    case overtakenTick
    /// The dispatcher without the lease tries a tick.
    case idleTick

    /// What a new order is like.
    struct Drawn: Sendable {
        var pickup: (east: Int, north: Int)
        var dropoff: (east: Int, north: Int)
        var units: Int
        var phone: String
        var otp: String?
        /// The number of an earlier order whose external id is used again.
        var repeats: Int?
    }

    struct Force: Sendable {
        var orders: [OrderID]
        var driver: DriverID
        var admin: AdminID
        var insists: Bool
        var earnings: Int64?
        var key: Int
    }

    var description: String {
        switch self {
        case .wait(let seconds): "wait \(seconds)s"
        case .report(let driver, let east, let north): "driver \(driver) is at \(east),\(north)"
        case .say(let driver, let online): "driver \(driver) says \(online ? "online" : "offline")"
        case .place(let number, let drawn):
            "place #\(number) units \(drawn.units) phone \(drawn.phone)\(drawn.repeats.map { " again #\($0)" } ?? "")"
        case .step(let step, let order, let principal, let otp): "\(principal) \(step) \(order) \(otp ?? "")"
        case .deliverAll(let order, let driver, let otp): "driver \(driver) delivers all of \(order) \(otp ?? "")"
        case .force(let force):
            "admin \(force.admin) forces \(force.orders) to \(force.driver)\(force.insists ? "!" : "")"
                + (force.earnings.map { " for \($0)" } ?? "")
        case .forceAgain: "the last force again"
        case .setStanding(let driver, let standing, _): "driver \(driver) becomes \(standing.rawValue)"
        case .ready(let order, _): "kitchen: \(order) is ready"
        case .tick(let meanwhile): meanwhile.isEmpty ? "tick" : "tick, meanwhile \(meanwhile)"
        case .overtakenTick: "tick of a dispatcher that is overtaken"
        case .idleTick: "tick of the dispatcher without the lease"
        }
    }
}

/// Draws actions from a seed, favouring what is possible; what is not possible happens often enough.
struct Draw: Sendable {
    private var random: SeededGenerator
    private var placed = 0
    private var keys = 0

    init(seed: UInt64) { random = SeededGenerator(seed: seed &* 0x9E37_79B9 &+ 17) }

    mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
    private mutating func chance(_ percent: Int) -> Bool { number(0..<100) < percent }

    mutating func next(_ model: Model) -> Action {
        switch number(0..<100) {
        case ..<18: return .tick(meanwhile: chance(40) ? (0...number(0..<3)).map { _ in single(model) } : [])
        case ..<20: return .overtakenTick
        case ..<21: return .idleTick
        case ..<33: return .wait(seconds: chance(5) ? 700 : Int64(number(1..<25)))
        default: return single(model)
        }
    }

    /// An action that may also happen while a plan is made.
    private mutating func single(_ model: Model) -> Action {
        let driver = model.driverIDs[number(0..<model.driverIDs.count)]
        let admin = model.adminIDs[number(0..<model.adminIDs.count)]
        switch number(0..<100) {
        case ..<22: return .report(driver, east: number(-1500..<1500), north: number(-1500..<1500))
        case ..<27: return .say(driver, online: chance(75))
        case ..<45: return place()
        case ..<48: return .setStanding(driver, chance(40) ? .blocked : .approved, by: admin)
        case ..<50: return .forceAgain
        default: break
        }
        guard let order = someOrder(model) else { return place() }
        switch number(0..<100) {
        case ..<15: return force(order, driver, admin, model)
        case ..<18: return .ready(order, by: admin)
        case ..<30:
            let steps: [Action.Step] = [.cancelForCustomer, .cancelByAdmin, .unassign, .deliverByHand, .pickUp]
            return .step(steps[number(0..<steps.count)], order, by: .admin(admin), otp: nil)
        default:
            let known = model.orders[order]
            let holder = chance(90) ? known?.driver ?? driver : driver
            let otp = chance(70) ? known?.otp : chance(50) ? "111111" : nil
            if chance(10) { return .deliverAll(order, by: holder, otp: otp) }
            return .step(driverStep(known), order, by: .driver(holder), otp: otp)
        }
    }

    private mutating func driverStep(_ order: Model.Known?) -> Action.Step {
        guard chance(75) else { return [.accept, .pickUp, .startTransit, .deliver, .reject][number(0..<5)] }
        switch order?.state {
        case .assigned: return chance(25) ? .reject : chance(50) ? .accept : .pickUp
        case .accepted: return chance(15) ? .reject : .pickUp
        case .pickedUp: return chance(40) ? .startTransit : .deliver
        case .inTransit, .delivered, .cancelled, .pending, nil: return .deliver
        }
    }

    private mutating func force(_ order: OrderID, _ driver: DriverID, _ admin: AdminID, _ model: Model) -> Action {
        var orders = [order]
        for _ in 0..<number(0..<3) { if let other = someOrder(model) { orders.append(other) } }
        keys += 1
        return .force(
            Action.Force(
                orders: orders, driver: chance(3) ? DriverID(999_999) : driver, admin: admin, insists: chance(30),
                earnings: chance(50) ? Int64(number(1..<20_000)) : nil, key: keys))
    }

    private mutating func place() -> Action {
        placed += 1
        let repeats = placed > 1 && chance(5) ? number(1..<placed) : nil
        return .place(
            number: placed,
            Action.Drawn(
                pickup: (number(0..<3) * 300, number(0..<2) * 200),
                dropoff: (number(1000..<2500), number(-800..<800)), units: number(1..<4), phone: "+91\(number(0..<4))",
                otp: chance(20) ? "123456" : nil, repeats: repeats))
    }

    /// One of the newest dozen that are open, or any.
    private mutating func someOrder(_ model: Model) -> OrderID? {
        let all = model.orders.keys.sorted()
        guard !all.isEmpty else { return nil }
        let open = all.filter { model.orders[$0]?.state.isEnded == false }.suffix(12)
        let candidates = open.isEmpty || chance(8) ? all : Array(open)
        return candidates[number(0..<candidates.count)]
    }
}
