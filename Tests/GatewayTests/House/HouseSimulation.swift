import Contract
import DispatchCore
import Fulfilment
import Gateway
import Geo
import Logging
import Simulation
import Synchronization

/// The real dispatcher, use cases, event log, registry, sweep, recorder and session machines over a store, a bus and
/// networks that fail by the dice, on a clock that moves by hand. One seed, one run.
actor HouseSimulation {
    /// A protection taken away, so that the checks are seen failing.
    enum Plant: String, Sendable, CaseIterable {
        /// Hints get lost and nobody looks for them.
        case sweepOff
        /// What was undelivered is not read when a driver connects.
        case replayOff
        /// The end of an old session removes the entry of the newer one.
        case removesByDriver
        /// What has been sent counts as delivered.
        case deliveredWhenSent
        /// Phones hear of transactions that were never committed.
        case tellsBeforeCommit
        /// The network to the phone does not keep the order of frames.
        case reordersFrames
    }

    struct Session {
        let driver: Int
        let epoch: UInt64
        let endpoint: SimulatedEndpoint
        var machine: DriverSessionMachine
        var toPhone: [(due: Int64, frame: ServerFrame)] = []
        var toServer: [(due: Int64, frame: PhoneFrame)] = []
        var joinsAt: Int64?
        /// The network is gone and neither side knows.
        var isSilent = false
        /// Open on the server's side, and on the phone's.
        var isServed = true
        var isHeld = true
    }

    enum ServerFrame {
        case message(EventMessage)
        case welcome
        case ping(Int64)
        case close
    }

    enum PhoneFrame {
        case pong(Int64)
        case ack(Int64)
        case appPing
        /// A position of a phone that is on its way with an order.
        case position(order: Int64)
    }

    struct Phone {
        let driver: DriverAccount
        var session: Int?
        var connectsAt: Int64 = 0
        /// Orders that the phone shows.
        var shown: Set<Int64> = []
        /// The newest event number seen about an order.
        var newest: [Int64: Int64] = [:]
        /// Orders with the batch in which they were offered: an offer that comes again, alone or in its batch, is no
        /// news.
        var offers: Set<[Int64]> = []
        var tasks: [(due: Int64, order: Int64, step: Int)] = []
        /// Orders of which he asked something and got no plain answer.
        var unanswered: Set<Int64> = []
    }

    struct Seen {
        var phone: Int
        var session: Int
        var message: EventMessage
    }

    let seed: UInt64
    let plant: Plant?
    let dice: Dice
    let city = VirtualHouse()
    let store: FaultyStore
    let bus: LossyBus
    private(set) var house: House
    private var intake: LocationIntake
    private var door: HouseDoor
    private let clock = ManualClock()
    private let settings: GatewaySettings
    private let uptime: @Sendable () -> Int64
    private var registry = ConnectionRegistry()
    private var gateway: DriverGateway
    private var recorder: DeliveryRecorder
    private var dispatcher: Dispatcher?
    private var generation = 0
    var sessions: [Session] = []
    var phones: [Phone] = []
    var seen: [Seen] = []
    var acts = true
    var placesOrders = true
    var staleFences = 0
    var restarts = 0
    /// Prints what happens, for the replay of one seed.
    var isTold = false
    /// A running digest of everything that phones saw and clients were told; FNV-1a.
    private(set) var trace: UInt64 = 0xCBF2_9CE4_8422_2325

    init(seed: UInt64, plant: Plant? = nil) {
        self.seed = seed
        self.plant = plant
        let dice = Dice(seed: seed)
        self.dice = dice
        var settings = GatewaySettings()
        settings.batchMessages = seed % 2 == 0 ? .perOrder : .perBatch
        self.settings = settings
        let clock = clock
        let registry = registry
        let uptime: @Sendable () -> Int64 = { clock.now.uptime }
        self.uptime = uptime
        let bus = LossyBus(
            dice: dice, target: RegistryPush(registry), losesEverything: plant == .sweepOff, now: uptime)
        self.bus = bus
        var tells: (@Sendable ([DriverEvent]) -> Void)?
        if plant == .tellsBeforeCommit { tells = { RegistryPush(registry).push($0) } }
        store = FaultyStore(city.store, dice: dice, tellsBeforeCommit: tells)
        var house = city.house
        house.orders = store
        house.events = store
        house.ledger = store
        house.push = bus
        let time = city.time
        house.now = { time.now }
        self.house = house
        intake = LocationIntake(fleet: house.fleet, store: city.store, accounts: city.store, feed: city.feed)
        door = HouseDoor(
            fleet: house.fleet, intake: intake, accounts: city.store, orders: store, events: store, now: house.now)
        recorder = DeliveryRecorder(log: store)
        gateway = Self.gateway(settings, clock: clock, door: door, registry: registry, store: store)
    }

    private static func gateway(
        _ settings: GatewaySettings, clock: ManualClock, door: HouseDoor, registry: ConnectionRegistry,
        store: FaultyStore
    ) -> DriverGateway {
        DriverGateway(
            settings: settings, clock: clock.gatewayClock, door: door, verifier: PlainTokens(), registry: registry,
            admins: AdminHub(), events: store, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private var now: Moment { clock.now }

    func note(_ words: String) {
        if isTold { print(uptime() / 100, words) }
        for byte in words.utf8 { trace = (trace ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    func tellAll() { isTold = true }

    // MARK: The run

    func prepare(drivers: Int) async throws {
        for number in 0..<drivers {
            let account = try await city.addDriver("driver\(number)", at: place(number))
            phones.append(Phone(driver: account, connectsAt: uptime() + dice.below(2000)))
        }
        newDispatcher()
    }

    private func place(_ number: Int) -> GeoPoint? {
        GeoPoint(latitude: 12.935 + Double(number) * 0.002, longitude: 77.62)
    }

    private func newDispatcher() {
        generation += 1
        var policy = DispatchPolicy()
        policy.maxHold = Seconds(2)
        let chosen = policy
        dispatcher = Dispatcher(
            house, policy: { chosen }, holder: "server\(generation)",
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, microseconds: { 0 },
            solve: { snapshot, previous, seed in
                // While the engine thinks, the world goes on.
                await self.meanwhile()
                return DispatchEngine.plan(
                    snapshot, previous: previous, seed: seed, budget: WorkBudget(steps: 100))
            })
    }

    private func meanwhile() async {
        if dice.fault(100) { city.store.takeOverLease(by: "another") }
        for _ in 0..<dice.below(3) { await administer() }
        await actOnTasks(all: dice.fault(300))
    }

    /// Moves the clock by 100 ms and lets everything happen that is due.
    func step() async {
        clock.advance(100)
        city.time.advance(milliseconds: 100)
        let moment = uptime()
        bus.deliver()
        await carryMail()
        carryNetwork(at: moment)
        if moment % 1000 == 0 {
            fireTimers()
            for (number, phone) in phones.enumerated() {
                guard let point = place(number) else { continue }
                _ = house.fleet.accept([Fix(driverID: phone.driver.id, point: point, receivedAt: city.time.now)])
            }
            if plant != .sweepOff { await gateway.sweepOnce() }
            await tick()
            await administer()
        }
        await recorder.flush()
        await store.settle()
        await actOnTasks(all: false)
        await connectPhones(at: moment)
        await strike()
    }

    private func tick() async {
        do {
            _ = try await dispatcher?.tick()
        } catch let error as StoreError {
            if error.code == .staleFence { staleFences += 1 }
            note("tick \(error.code.rawValue)")
        } catch {
            note("tick failed")
        }
        // The lease of one that took over ends after a while.
        if dice.chance(300) { try? await city.store.releaseLease(holder: "another") }
    }

    /// Clients of the administration: new orders, orders by hand, cancellations.
    private func administer() async {
        guard placesOrders else { return }
        do {
            if dice.chance(500) {
                let shift = Double(dice.below(100)) * 0.0002
                _ = try await PlaceOrder(house)(content(shift), by: .integration("test"))
            }
            let open = try await city.store.openOrders()
            guard !open.isEmpty else { return }
            let order = open[Int(dice.below(Int64(open.count)))]
            if dice.chance(150) {
                let driver = phones[Int(dice.below(Int64(phones.count)))].driver.id
                _ = try await AssignOrders(house)(
                    .init(orderIDs: [order.id], driverID: driver), by: AdminID(900))
            } else if dice.chance(60) {
                _ = try await ChangeOrder(house)(
                    .cancel(by: .customer, reason: "changed my mind"), order: order.id, by: .admin(AdminID(900)))
            } else if dice.chance(60) {
                _ = try await ChangeOrder(house)(
                    .unassign(reason: "by hand"), order: order.id, by: .admin(AdminID(900)))
            }
        } catch {
            note("admin \(error)")
        }
    }

    private func content(_ shift: Double) -> OrderContent {
        OrderContent(
            customer: Customer(name: "Asha Rao", phone: "+911"),
            pickup: Place(
                name: "Kitchen", address: "Here", point: GeoPoint(latitude: 12.935 + shift, longitude: 77.621)),
            dropoff: Place(address: "There", point: GeoPoint(latitude: 12.95, longitude: 77.62 + shift)))
    }

    // MARK: Sessions

    private func carryMail() async {
        for index in sessions.indices {
            if let joinsAt = sessions[index].joinsAt, joinsAt <= uptime(), sessions[index].isServed {
                sessions[index].joinsAt = nil
                await join(index)
            }
            for command in sessions[index].endpoint.taken() where sessions[index].isServed {
                carryOut(perform(command, on: index), of: index)
            }
        }
    }

    private func join(_ index: Int) async {
        let driver = phones[sessions[index].driver].driver.id
        guard let answer = try? await door.welcome(driver, epoch: 0) else { return }
        switch answer {
        case .success(var welcome):
            welcome.undelivered = recorder.unconfirmed(welcome.undelivered)
            if plant == .replayOff { welcome.undelivered = [] }
            sessions[index].endpoint.deliver(.welcomed(welcome))
        case .failure(let reason): sessions[index].endpoint.deliver(.end(reason))
        }
    }

    private func perform(_ command: SessionCommand, on index: Int) -> DriverSessionMachine.Action {
        switch command {
        case .pushed(let events): sessions[index].machine.pushed(events)
        case .replayed(let events): sessions[index].machine.replayed(events)
        case .welcomed(let welcome): sessions[index].machine.welcomed(welcome, at: now)
        case .end(let reason): sessions[index].machine.ended(by: reason)
        case .revoked(let epoch): sessions[index].machine.revoked(before: epoch)
        case .drain: .none
        }
    }

    private func carryOut(_ action: DriverSessionMachine.Action, of index: Int) {
        let driver = phones[sessions[index].driver].driver.id
        switch action {
        case .none, .pong, .holdReading, .resumeReading: break
        case .accept(let update):
            guard let point = GeoPoint(latitude: update.latitude, longitude: update.longitude) else { return }
            intake.accept([Fix(driverID: driver, point: point, receivedAt: now.wall)])
        case .send: send(.welcome, on: index)
        case .sendEvents(let messages):
            for message in messages { send(.message(message), on: index) }
            guard let last = messages.last else { return }
            sessions[index].endpoint.noteSent(through: sessions[index].machine.takenThrough)
            recorder.sent(EventMark(driverID: driver, seq: last.sequence, at: now.wall))
            if plant == .deliveredWhenSent {
                recorder.delivered(EventMark(driverID: driver, seq: last.sequence, at: now.wall))
            }
            carryOut(sessions[index].machine.eventsWritten(messages), of: index)
        case .ping(let sequence): send(.ping(sequence), on: index)
        case .delivered(let through):
            recorder.delivered(EventMark(driverID: driver, seq: through, at: now.wall))
        case .close:
            send(.close, on: index)
            endServing(index)
        case .drop: endServing(index)
        case .all(let actions): for action in actions { carryOut(action, of: index) }
        }
    }

    private func send(_ frame: ServerFrame, on index: Int) {
        guard sessions[index].isServed, !sessions[index].isSilent else { return }
        let last = sessions[index].toPhone.last?.due ?? 0
        let due = uptime() + dice.below(400)
        sessions[index].toPhone.append((plant == .reordersFrames ? due : max(due, last), frame))
    }

    private func endServing(_ index: Int) {
        guard sessions[index].isServed else { return }
        sessions[index].isServed = false
        sessions[index].machine.socketEnded()
        let driver = phones[sessions[index].driver].driver.id
        var epoch = sessions[index].epoch
        if plant == .removesByDriver {
            epoch = sessions.filter { $0.driver == sessions[index].driver }.map(\.epoch).max() ?? epoch
        }
        registry.remove(driver, epoch: epoch)
    }

    private func fireTimers() {
        for index in sessions.indices where sessions[index].isServed {
            if sessions[index].machine.isOverdue(at: now) {
                let welcome = door.fallbackWelcome(phones[sessions[index].driver].driver.id)
                carryOut(sessions[index].machine.welcomed(welcome, at: now), of: index)
            }
            carryOut(sessions[index].machine.timerFired(at: now), of: index)
        }
    }

    private func carryNetwork(at moment: Int64) {
        for index in sessions.indices {
            let toPhone = sessions[index].toPhone.filter { $0.due <= moment }.sorted { $0.due < $1.due }
            sessions[index].toPhone.removeAll { $0.due <= moment }
            for (_, frame) in toPhone where sessions[index].isHeld && !sessions[index].isSilent {
                received(frame, on: index)
            }
            let toServer = sessions[index].toServer.filter { $0.due <= moment }
            sessions[index].toServer.removeAll { $0.due <= moment }
            for (_, frame) in toServer where sessions[index].isServed && !sessions[index].isSilent {
                arrived(frame, on: index)
            }
        }
    }

    private func arrived(_ frame: PhoneFrame, on index: Int) {
        switch frame {
        case .pong(let sequence):
            carryOut(sessions[index].machine.frameArrived(isPong: true, at: now), of: index)
            carryOut(sessions[index].machine.ponged(sequence: sequence), of: index)
        case .ack(let sequence):
            carryOut(sessions[index].machine.frameArrived(isPong: false, at: now), of: index)
            carryOut(sessions[index].machine.received(.success(.ack(sequence: sequence)), at: now), of: index)
        case .appPing:
            carryOut(sessions[index].machine.frameArrived(isPong: false, at: now), of: index)
            carryOut(sessions[index].machine.received(.success(.ping), at: now), of: index)
        case .position(let order):
            guard let point = place(sessions[index].driver) else { return }
            let update = LocationUpdate(latitude: point.latitude, longitude: point.longitude, orderID: order)
            carryOut(sessions[index].machine.frameArrived(isPong: false, at: now), of: index)
            carryOut(sessions[index].machine.received(.success(.location(update)), at: now), of: index)
        }
    }
}

// MARK: - Phones and faults

extension HouseSimulation {
    private func connectPhones(at moment: Int64) async {
        for number in phones.indices where phones[number].session == nil && phones[number].connectsAt <= moment {
            let driver = phones[number].driver.id
            let epoch = registry.nextEpoch()
            let endpoint = SimulatedEndpoint()
            let machine = DriverSessionMachine(
                driverID: driver, tokenExpiresAt: Timestamp(milliseconds: .max), isPenalised: false,
                settings: settings, at: now)
            var session = Session(driver: number, epoch: epoch, endpoint: endpoint, machine: machine)
            session.joinsAt = moment + dice.below(dice.fault(100) ? 4000 : 300)
            sessions.append(session)
            phones[number].session = sessions.count - 1
            registry.register(endpoint, of: driver, epoch: epoch)?.deliver(.end(.takenOver))
        }
    }

    private func received(_ frame: ServerFrame, on index: Int) {
        let number = sessions[index].driver
        guard phones[number].session == index else { return }
        switch frame {
        case .welcome: break
        case .ping(let sequence):
            sessions[index].toServer.append((uptime() + dice.below(300), .pong(sequence)))
        case .close: lose(index)
        case .message(let message):
            seen.append(Seen(phone: number, session: index, message: message))
            note("\(number) hears \(message.sequence) \(message.message.kind) \(message.orderIDs)")
            if dice.chance(300) {
                sessions[index].toServer.append((uptime() + dice.below(300), .ack(message.sequence)))
            }
            show(message, on: number)
            // On his way: positions name the order that he carries, which need not be the newest one he was told of.
            if let order = phones[number].shown.min(), dice.chance(300) {
                sessions[index].toServer.append((uptime() + dice.below(300), .position(order: order)))
            }
        }
    }

    private func show(_ message: EventMessage, on number: Int) {
        for order in message.orderIDs {
            // The app knows an order that it has heard of.
            guard message.sequence > phones[number].newest[order] ?? 0 else { continue }
            phones[number].newest[order] = message.sequence
            if case .orderAssigned(_, let offer) = message.message {
                guard phones[number].offers.insert([order, offer.batchID ?? 0]).inserted else { continue }
                phones[number].shown.insert(order)
                phones[number].tasks.append((uptime() + 500 + dice.below(4000), order, dice.chance(120) ? 9 : 0))
            } else {
                phones[number].shown.remove(order)
            }
        }
    }

    /// The phone's side of the connection is gone; it connects again after a second.
    private func lose(_ index: Int) {
        sessions[index].isHeld = false
        let number = sessions[index].driver
        guard phones[number].session == index else { return }
        phones[number].session = nil
        phones[number].connectsAt = uptime() + 1000
    }

    private func actOnTasks(all: Bool) async {
        guard acts else { return }
        for number in phones.indices {
            let due = phones[number].tasks.filter { all || $0.due <= uptime() }
            phones[number].tasks.removeAll { all || $0.due <= uptime() }
            for task in due { await act(task.order, step: task.step, phone: number) }
        }
    }

    private func act(_ order: Int64, step: Int, phone number: Int) async {
        let driver = Principal.driver(phones[number].driver.id)
        let command: OrderCommand =
            switch step {
            case 0: .accept
            case 1: .pickUp
            case 2: .deliver(.otp(nil))
            default: .reject(reason: "too far")
            }
        do {
            _ = try await ChangeOrder(house)(command, order: OrderID(order), by: driver)
            note("\(number) did \(step) of \(order)")
            phones[number].unanswered.remove(order)
            if step == 2 || step == 9 {
                phones[number].shown.remove(order)
            } else {
                phones[number].tasks.append((uptime() + 500 + dice.below(3000), order, step + 1))
            }
        } catch is StoreError {
            phones[number].unanswered.insert(order)
            phones[number].tasks.append((uptime() + 1000, order, step))
        } catch {
            // Not his any more, or ended. The app reads its list anew after a refusal: an order that was taken and
            // given again may have been rejected while the second offer was on its way.
            note("\(number) refused \(step) of \(order)")
            phones[number].unanswered.remove(order)
            let holder = try? await city.store.order(OrderID(order))?.holder
            if holder != phones[number].driver.id { phones[number].shown.remove(order) }
        }
    }

    /// Networks and servers die.
    private func strike() async {
        for index in sessions.indices where sessions[index].isServed && sessions[index].isHeld {
            if dice.fault(8) {
                endServing(index)
                lose(index)
            } else if dice.fault(4) {
                sessions[index].isSilent = true
                // The phone notices first and comes again, while the server still believes in the old socket.
                if dice.chance(700) { lose(index) }
            }
        }
        for index in sessions.indices where sessions[index].isSilent && sessions[index].isHeld {
            if !sessions[index].isServed || dice.chance(20) { lose(index) }
        }
        if dice.fault(3) { await restart() }
    }

    /// `kill -9`: what the process knew is gone.
    private func restart() async {
        restarts += 1
        note("restart")
        registry = ConnectionRegistry()
        recorder = DeliveryRecorder(log: store)
        house.fleet = Fleet(staleAfterMilliseconds: house.settings.staleAfterMilliseconds)
        if let accounts = try? await city.store.drivers(standing: nil) {
            house.fleet.load(accounts, newestFixes: [])
        }
        intake = LocationIntake(fleet: house.fleet, store: city.store, accounts: city.store, feed: city.feed)
        door = HouseDoor(
            fleet: house.fleet, intake: intake, accounts: city.store, orders: store, events: store, now: house.now)
        gateway = Self.gateway(settings, clock: clock, door: door, registry: registry, store: store)
        bus.restart(target: RegistryPush(registry))
        for index in sessions.indices {
            sessions[index].isServed = false
            lose(index)
        }
        try? await city.store.releaseLease(holder: "server\(generation)")
        try? await city.store.releaseLease(holder: "another")
        newDispatcher()
    }
}

extension ServerMessage {
    /// What it is, in one word.
    fileprivate var kind: String {
        switch self {
        case .orderAssigned: "assigned"
        case .orderCancelled: "cancelled"
        case .orderUnassigned: "unassigned"
        default: "other"
        }
    }
}
