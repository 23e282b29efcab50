import DispatchCore
import Fulfilment
import Simulation
import Synchronization

/// What a run found wrong, with all that is needed to see it again.
struct Violation: Error, CustomStringConvertible {
    let seed: UInt64
    let step: Int
    let what: [String]
    let actions: [String]

    var description: String {
        """
        seed \(seed), action \(step): \(what.joined(separator: "; "))
        again: TIFFIN_PROPERTY_SEED=\(seed) swift test --filter PropertyTests
        the last actions: \(actions.suffix(12).joined(separator: " | "))
        """
    }
}

/// One run: draws actions from a seed, does each in the house and in the model, and compares them after each.
actor Run {
    private struct Wrong: Error {
        let what: [String]
    }

    let seed: UInt64
    private let world: World
    private var draw: Draw
    private var model: Model
    private var dispatchers: [Dispatcher] = []
    /// Since when each dispatcher has looked without a gap, and when it looked last.
    private var watches: [Int: (since: Timestamp, last: Timestamp)] = [:]
    /// Which of the two dispatchers has the lease.
    private var leader = 0
    private var meanwhile: [Action] = []
    private var overtakes = false
    /// Orders that changed between a tick's look at them and its commit.
    private var touched: Set<OrderID> = []
    private var nested: Wrong?
    private var lastForce: (force: Action.Force, succeeded: Bool)?
    private var externals: [Int: OrderID] = [:]
    private(set) var actions: [String] = []
    private(set) var figures = Figures()

    /// What happened in a run: a run in which nothing happens proves nothing.
    struct Figures: Sendable, Equatable {
        var orders = 0
        var assignedByEngine = 0
        var batches = 0
        var delivered = 0
        var refused = 0
        var lapsed = 0
        var overtaken = 0
        var plannedAgain = 0

        static func += (left: inout Figures, right: Figures) {
            left.orders += right.orders
            left.assignedByEngine += right.assignedByEngine
            left.batches += right.batches
            left.delivered += right.delivered
            left.refused += right.refused
            left.lapsed += right.lapsed
            left.overtaken += right.overtaken
            left.plannedAgain += right.plannedAgain
        }
    }

    init(seed: UInt64, world: World) async throws {
        self.seed = seed
        self.world = world
        draw = Draw(seed: seed)
        let facts = try await world.look()
        model = Model(drivers: world.driverIDs.compactMap { facts.drivers[$0] }, admins: world.adminIDs)
        dispatchers = (0..<2).map { number in
            world.dispatcher("dispatcher \(number)") { [weak self] in await self?.planIsMade(by: number) }
        }
    }

    /// - Throws: ``Violation``, or what the store throws.
    func perform(_ count: Int) async throws {
        for step in 0..<count {
            let action = draw.next(model)
            actions.append("\(action)")
            do {
                try await perform(action)
            } catch let wrong as Wrong {
                throw Violation(seed: seed, step: step, what: wrong.what, actions: actions)
            }
        }
        figures.orders = model.orders.count
        figures.delivered = model.orders.values.count { $0.state == .delivered }
    }

    // MARK: - One action

    private func perform(_ action: Action) async throws {
        model.foreseen = [:]
        switch action {
        case .wait(let seconds):
            world.time.advance(seconds: seconds)
            model.now = world.time.now
        case .tick(let actions): try await tick(meanwhile: actions)
        case .overtakenTick: try await overtakenTick()
        case .idleTick:
            // In earnest a lease lasts a few seconds; the leader of a slow run keeps it all the same.
            _ = try await world.house.ledger.claimLease(holder: "dispatcher \(leader)", lasting: 60_000)
            guard try await dispatchers[1 - leader].tick() == nil else {
                throw Wrong(what: ["a tick was made without the lease"])
            }
        default: try await command(action)
        }
        try await compare()
    }

    /// Everything but ticks and time: the model foresees the whole effect.
    private func command(_ action: Action) async throws {
        var expected: Model.Refusal?
        var moving: [OrderID] = []
        do { moving = try foresee(action) } catch { expected = error }
        var actual: Model.Refusal?
        do {
            try await act(action)
        } catch let error as FulfilmentError {
            guard let refusal = Model.Refusal(error) else { throw Wrong(what: ["\(action): \(error)"]) }
            actual = refusal
            figures.refused += 1
        }
        guard actual == expected else {
            let words = [expected, actual].map { $0?.rawValue ?? "done" }
            throw Wrong(what: ["\(action): expected \(words[0]), was \(words[1])"])
        }
        if !moving.isEmpty, case .force(let force) = action { try await adoptForced(moving, force) }
        if !moving.isEmpty, case .forceAgain = action, let last = lastForce?.force {
            try await adoptForced(moving, last)
        }
    }

    /// - Returns: Orders that a force moves.
    private func foresee(_ action: Action) throws(Model.Refusal) -> [OrderID] {
        switch action {
        case .report(let driver, _, _): model.report(driver)
        case .say(let driver, let online): model.accounts[driver]?.availability = online ? .online : .offline
        case .step(let step, let order, let principal, let otp): try model.step(step, order, by: principal, otp: otp)
        case .deliverAll(let order, let driver, let otp): try model.deliverAll(order, by: driver, otp: otp)
        case .setStanding(let driver, let standing, _): try model.setStanding(standing, of: driver)
        case .ready(let order, _):
            guard let state = model.orders[order]?.state else { throw .unknownOrder }
            guard !state.isEnded else { throw .orderEnded }
        case .force(let force):
            lastForce = (force, false)
            let moving = try model.force(force)
            lastForce = (force, true)
            return moving
        case .forceAgain:
            guard let last = lastForce, !last.succeeded else { return [] }
            let moving = try model.force(last.force)
            lastForce = (last.force, true)
            return moving
        case .place, .wait, .tick, .overtakenTick, .idleTick: break
        }
        return []
    }

    private func act(_ action: Action) async throws {
        let house = world.house
        switch action {
        case .report(let driver, let east, let north):
            guard let point = World.point(east, north) else { throw Wrong(what: ["no point"]) }
            world.intake.accept([Fix(driverID: driver, point: point, receivedAt: world.time.now)])
            guard await world.intake.flush() else { throw Wrong(what: ["a position was not stored"]) }
        case .say(let driver, let online): _ = try await DriverDesk(house).setAvailability(online, of: driver)
        case .place(let number, let drawn): try await place(number, drawn)
        case .step(let step, let order, let principal, let otp):
            _ = try await ChangeOrder(house)(step.command(otp: otp), order: order, by: principal)
        case .deliverAll(let order, let driver, let otp):
            _ = try await ChangeOrder(house).deliverAllOfCustomer(order, otp: otp, by: driver)
        case .setStanding(let driver, let standing, let admin):
            _ = try await DriverDesk(house).setStanding(standing, of: driver, by: admin)
        case .ready(let order, let admin): _ = try await MarkReady(house)(order, by: admin)
        case .force(let force): try await self.force(force)
        case .forceAgain: if let last = lastForce?.force { try await force(last) }
        case .wait, .tick, .overtakenTick, .idleTick: break
        }
    }

    private func force(_ force: Action.Force) async throws {
        var request = AssignOrders.Request(orderIDs: force.orders, driverID: force.driver)
        request.force = force.insists
        request.earnings = force.earnings.map { Paise($0) }
        request.idempotency = IdempotencyKey(
            principal: .admin(force.admin), key: "key \(force.key)", requestHash: "\(force)")
        _ = try await AssignOrders(world.house)(request, by: force.admin)
    }

    private func place(_ number: Int, _ drawn: Action.Drawn) async throws {
        var content = OrderContent(
            customer: Customer(name: "Asha", phone: drawn.phone),
            pickup: Place(name: "Kitchen", address: "Here", point: World.point(drawn.pickup.east, drawn.pickup.north)),
            dropoff: Place(address: "There", point: World.point(drawn.dropoff.east, drawn.dropoff.north)))
        content.bagUnits = drawn.units
        content.otp = drawn.otp
        let external = drawn.repeats ?? number
        content.externalID = "external \(external)"
        let (order, created) = try await PlaceOrder(world.house)(content, by: .integration("test"))
        if let first = externals[external] {
            guard order.id == first, !created else { throw Wrong(what: ["order #\(external) was created twice"]) }
            return
        }
        guard created, order.state == .pending, model.orders[order.id] == nil else {
            throw Wrong(what: ["order #\(external) was not created anew"])
        }
        externals[external] = order.id
        model.orders[order.id] = Model.Known(
            units: drawn.units, phone: drawn.phone, otp: drawn.otp, external: "external \(external)")
    }

    /// The number of the batch is the house's; everything else about it is foreseen.
    private func adoptForced(_ moving: [OrderID], _ force: Action.Force) async throws {
        let facts = try await world.look()
        let assignments = moving.compactMap { facts.orders[$0]?.assignment }
        var wrong: [String] = []
        if Set(assignments.map(\.batchID)).count != 1 { wrong.append("one force, several batches") }
        if assignments.map(\.sequence).sorted() != Array(1...moving.count) { wrong.append("a route with gaps") }
        // One amount covers what he had already as well.
        let parts = force.orders.uniqued().reduce(0) {
            $0 + (facts.orders[$1]?.assignment?.earnings.total.rawValue ?? 0)
        }
        if let wanted = force.earnings, parts != wanted { wrong.append("\(wanted) paise were split into \(parts)") }
        if !assignments.allSatisfy({ $0.source == .admin }) { wrong.append("a force that is not an admin's") }
        guard wrong.isEmpty else { throw Wrong(what: wrong) }
        adoptBatches(moving, facts)
    }

    private func adoptBatches(_ ids: [OrderID], _ facts: Facts) {
        for id in ids {
            model.orders[id]?.batch = facts.orders[id]?.assignment?.batchID
            model.orders[id]?.sequence = facts.orders[id]?.assignment?.sequence ?? 0
        }
    }

    // MARK: - Ticks

    /// No two ticks are at the same moment.
    private func pass() {
        world.time.advance(milliseconds: 1)
        model.now = world.time.now
    }

    /// Called by a dispatcher that has its snapshot and has not committed yet.
    private func planIsMade(by number: Int) async {
        guard number == leader, nested == nil else { return }
        do {
            if overtakes {
                overtakes = false
                leader = 1 - number
                pass()
                try await world.house.ledger.releaseLease(holder: "dispatcher \(number)")
                try await plainTick(leader)
                try await compare()
                model.foreseen = [:]
            } else {
                let actions = meanwhile
                meanwhile = []
                let before = try await world.look().orders
                for action in actions { try await perform(action) }
                let after = try await world.look().orders
                touched = Set(after.values.filter { before[$0.id]?.version != $0.version }.map(\.id))
                model.foreseen = [:]
            }
        } catch {
            nested = error as? Wrong ?? Wrong(what: ["\(error)"])
        }
    }

    /// The dispatcher looks now.
    ///
    /// - Returns: Since when it has looked without a gap.
    private func look(_ number: Int) -> Timestamp {
        let now = model.now
        let known = watches[number]
        let isGapless = known.map { now.millisecondsSince($0.last) <= World.longestGap } ?? false
        let since = isGapless ? known?.since ?? now : now
        watches[number] = (since, now)
        return since
    }

    private func tick(meanwhile actions: [Action]) async throws {
        meanwhile = actions
        try await plainTick(leader)
        meanwhile = []
    }

    private func plainTick(_ number: Int) async throws {
        pass()
        let watched = look(number)
        touched = []
        let before = model.lost(at: model.now, watched: watched)
        guard try await dispatchers[number].tick() != nil else { throw Wrong(what: ["the leader made no tick"]) }
        if let nested { throw nested }
        // What changed meanwhile is looked at anew by the next tick; who gave a sign keeps what he has.
        let lost = before.filter { !touched.contains($0) && model.lost(at: model.now, watched: watched).contains($0) }
        for id in lost {
            do { try model.lapse(id) } catch { throw Wrong(what: ["the model cannot lapse \(id)"]) }
        }
        figures.lapsed += lost.count
        try planAgain()
        try await adoptPlan(try await world.look())
    }

    /// Everything a plan was made from stands in its record: the record gives the same plan, to the byte.
    private func planAgain() throws {
        for record in world.records.takeRecords() {
            let plan = World.plan(try TickInputs(bytes: record.inputs))
            guard plan.bytes == record.plan else { throw Wrong(what: ["the record of a tick gives another plan"]) }
            figures.plannedAgain += 1
        }
    }

    /// The first dispatcher sleeps over its plan, the second does all the work, the first wakes: nothing more happens.
    private func overtakenTick() async throws {
        pass()
        _ = look(leader)
        overtakes = true
        let sleeper = leader
        do {
            _ = try await dispatchers[sleeper].tick()
        } catch let error as StoreError where error.code == .staleFence {
            figures.overtaken += 1
        }
        if let nested { throw nested }
        // An empty pool is no plan to sleep over.
        overtakes = false
    }

    /// What the engine decided is its own business, within the rules: each order that became assigned is checked and
    /// taken into the model.
    private func adoptPlan(_ facts: Facts) async throws {
        var wrong: [String] = []
        var fresh: [BatchID: [Order]] = [:]
        for (id, order) in facts.orders.sorted(by: { $0.key < $1.key }) {
            guard let known = model.orders[id], known.state == .pending, order.state == .assigned,
                let assignment = order.assignment
            else { continue }
            fresh[assignment.batchID, default: []].append(order)
            if assignment.source != .engine || assignment.pinnedBy != nil { wrong.append("\(id): not the engine's") }
            if known.excluded.contains(assignment.driverID) { wrong.append("\(id): given to one who refused it") }
        }
        for (batch, orders) in fresh.sorted(by: { $0.key < $1.key }) {
            guard let driver = orders.first?.assignment?.driverID, let account = model.accounts[driver] else {
                continue
            }
            let inRoute = orders.sorted { ($0.assignment?.sequence ?? 0) < ($1.assignment?.sequence ?? 0) }
            if !orders.allSatisfy({ $0.assignment?.driverID == driver }) { wrong.append("batch \(batch): two drivers") }
            if inRoute.compactMap(\.assignment?.sequence) != Array(1...orders.count) {
                wrong.append("batch \(batch): a route with gaps")
            }
            if orders.count > 3 { wrong.append("batch \(batch): too large") }
            if account.standing != .approved || account.availability != .online {
                wrong.append("batch \(batch): for a driver who is \(account.standing) and \(account.availability)")
            }
            let age = account.lastReport.map { model.now.millisecondsSince($0) } ?? .max
            if age > World.staleAfter { wrong.append("batch \(batch): decided on a position \(age) ms old") }
            for order in inRoute { model.bind(order.id, to: driver, isForced: false, at: model.now) }
            adoptBatches(orders.map(\.id), facts)
            let held = model.orders.values.filter { $0.holder == driver }
            if held.count > account.capacity || held.reduce(0, { $0 + $1.units }) > account.units {
                wrong.append("batch \(batch): beyond what driver \(driver) can carry")
            }
            figures.batches += orders.count > 1 ? 1 : 0
            figures.assignedByEngine += orders.count
        }
        if !wrong.isEmpty { throw Wrong(what: wrong) }
    }

    // MARK: - Comparison

    private func compare() async throws {
        let facts = try await world.look()
        let differences = Differences(facts: facts, model: model, pushed: world.push.events).all
        guard differences.isEmpty else { throw Wrong(what: differences) }
        for (driver, stream) in facts.streams { model.heard[driver] = stream.map { Model.Heard($0.body) } }
        model.foreseen = [:]
    }
}

extension Action.Step {
    func command(otp: String?) -> OrderCommand {
        switch self {
        case .accept: .accept
        case .pickUp: .pickUp
        case .startTransit: .startTransit
        case .deliver: .deliver(.otp(otp))
        case .reject: .reject(reason: nil)
        case .cancelForCustomer: .cancel(by: .customer, reason: "changed his mind")
        case .cancelByAdmin: .cancel(by: .admin, reason: "closed")
        case .unassign: .unassign(reason: "taken back")
        case .deliverByHand: .deliverByHand
        }
    }
}
