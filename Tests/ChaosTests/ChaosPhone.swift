import Contract
import DriverClient
import Synchronization

/// A driver with a phone: connects again a second after every end, reports positions, carries out what he is told, and
/// writes down what he sees.
final class ChaosPhone: Sendable {
    private struct State {
        var socket: DriverSocket?
        var connection = 0
        var orders: [Int64] = []
        var handled: Set<Int64> = []
        /// Sent on this connection and not known to be read.
        var pending: [SentPosition] = []
        var pingedAt: Int64?
        /// How many of `pending` were sent before the ping that waits for its pong.
        var coveredByPing = 0
        /// Events of this connection that are not confirmed yet, and how many of them came before the server's latest
        /// ping, which was answered.
        var arrivals: [Arrival] = []
        var answered = 0
        /// How many of `answered` were there when the ping that waits for its pong was sent.
        var answeredByPing = 0
        var lastRecordedAt: Int64
        var hasEnded = false
        var isWelcome = false
    }

    let id: Int64
    private let token: String
    private let client: WireClient
    /// The way of the socket, where it is not that of the calls.
    private let socketClient: WireClient
    private let history: History
    private let clock: StageClock
    private let acts: Bool
    private let state: Mutex<State>

    /// - Parameter acts: Whether the driver carries out orders, or only listens.
    init(
        id: Int64, token: String, client: WireClient, socketClient: WireClient? = nil, history: History,
        clock: StageClock, acts: Bool = true
    ) {
        self.id = id
        self.token = token
        self.client = client
        self.socketClient = socketClient ?? client
        self.history = history
        self.clock = clock
        self.acts = acts
        state = Mutex(State(lastRecordedAt: clock.wall))
    }

    var isConnected: Bool { state.withLock { $0.isWelcome } }

    /// Lives until cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.stayConnected() }
            group.addTask { await self.report() }
            if self.acts { group.addTask { await self.work() } }
            await group.waitForAll()
        }
        state.withLock { $0.socket }?.drop()
    }

    // MARK: The socket

    private func stayConnected() async {
        while !Task.isCancelled {
            let number = state.withLock { state in
                state.connection += 1
                state.hasEnded = false
                (state.arrivals, state.answered, state.answeredByPing) = ([], 0, 0)
                return state.connection
            }
            do {
                let socket = try await socketClient.openSocket(driver: "\(id)", token: token) {
                    self.received($0, on: number)
                }
                history.noteConnection(isRefused: false)
                state.withLock { $0.socket = socket }
                while !Task.isCancelled, !state.withLock({ $0.hasEnded }) {
                    try? await Task.sleep(for: .milliseconds(20))
                }
            } catch {
                history.noteConnection(isRefused: true)
            }
            let unread = state.withLock { state in
                defer { state.pending = [] }
                state.socket = nil
                state.isWelcome = false
                state.pingedAt = nil
                return state.pending
            }
            history.note(unread)
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func received(_ event: SocketEvent, on connection: Int) {
        switch event {
        case .ping:
            state.withLock { state in if state.connection == connection { state.answered = state.arrivals.count } }
        case .closed(let close):
            history.note(close: close.code)
            state.withLock { state in if state.connection == connection { state.hasEnded = true } }
        case .text(let text):
            if text == #"{"type":"pong"}"# { return ponged(on: connection) }
            guard let json = try? JSON(parsing: text), let kind = json["type"]?.text else { return }
            if kind == "connection_ack" { return state.withLock { $0.isWelcome = true } }
            guard kind.hasPrefix("order_"), let seq = json["seq"]?.int64, let order = json["data"]?["order_id"]?.int64
            else { return }
            let arrival = Arrival(
                driver: id, connection: connection, kind: kind, order: order, seq: seq, at: clock.milliseconds)
            history.note(arrival)
            state.withLock { state in if state.connection == connection { state.arrivals.append(arrival) } }
            guard kind == "order_assigned" else { return }
            state.withLock { state in
                if state.handled.insert(order).inserted { state.orders.append(order) }
            }
        }
    }

    private func ponged(on connection: Int) {
        let now = clock.milliseconds
        let (read, confirmed, took) = state.withLock { state -> ([SentPosition], [Arrival], Int64?) in
            guard let pingedAt = state.pingedAt, state.connection == connection else { return ([], [], nil) }
            let confirmed = Array(state.arrivals.prefix(state.answeredByPing))
            state.arrivals.removeFirst(confirmed.count)
            state.answered -= confirmed.count
            state.answeredByPing = 0
            var read = Array(state.pending.prefix(state.coveredByPing))
            state.pending.removeFirst(read.count)
            state.pingedAt = nil
            for index in read.indices {
                read[index].wasRead = true
                read[index].readAt = now
            }
            return (read, confirmed, now - pingedAt)
        }
        history.note(read)
        history.note(
            confirmed.map { arrival in
                let time = arrival.at...max(arrival.at, now)
                return Confirmation(driver: id, connection: connection, seq: arrival.seq, time: time)
            })
        if let took { history.note(pong: took) }
    }

    /// Lets the connection go without a word, as a battery does.
    func drop() { state.withLock { $0.socket }?.drop() }

    // MARK: Positions

    private func report() async {
        var step = 0
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(250))
            step += 1
            sendPosition(step)
            if step % 2 == 0 { ping() }
        }
    }

    private func sendPosition(_ step: Int) {
        let now = clock.milliseconds
        let wall = clock.wall
        let (socket, recordedAt) = state.withLock { state -> (DriverSocket?, Int64) in
            guard let socket = state.socket, state.isWelcome, !state.hasEnded else { return (nil, 0) }
            state.lastRecordedAt = max(wall, state.lastRecordedAt + 1)
            state.pending.append(SentPosition(driver: id, recordedAt: state.lastRecordedAt, sentAt: now))
            return (socket, state.lastRecordedAt)
        }
        guard let socket else { return }
        let update = LocationUpdate(
            latitude: 12.93 + Double(id % 10) * 0.002 + Double(step % 50) * 0.00005, longitude: 77.62, accuracy: 8,
            heading: 90, speed: 6.5, batteryLevel: 80, recordedAt: recordedAt)
        socket.send(DriverMessage.location(update).jsonBytes)
    }

    private func ping() {
        let now = clock.milliseconds
        let socket = state.withLock { state -> DriverSocket? in
            guard state.pingedAt == nil, state.isWelcome, let socket = state.socket else { return nil }
            state.pingedAt = now
            state.coveredByPing = state.pending.count
            state.answeredByPing = state.answered
            return socket
        }
        socket?.send(#"{"type":"ping"}"#)
    }

    // MARK: Orders

    private func work() async {
        while !Task.isCancelled {
            let next = state.withLock { state in state.orders.isEmpty ? nil : state.orders.removeFirst() }
            guard let next else {
                try? await Task.sleep(for: .milliseconds(20))
                continue
            }
            await carry(next)
        }
    }

    /// Takes the order step by step; repeats what was not answered until the answer is plain.
    private func carry(_ order: Int64) async {
        for state in ["ACCEPTED", "PICKED_UP", "DELIVERED"] {
            while !Task.isCancelled {
                let outcome = await ChaosCall(client: client, token: token, clock: clock, history: history).make(
                    .put, "/api/v1/orders/\(order)/status", #"{"status":"\#(state)"}"#,
                    for: .step(order: order, state: state, driver: id))
                if outcome.status.map({ (200..<300).contains($0) }) == true { break }
                // Taken away, cancelled, or not his any more.
                if outcome.status.map({ $0 < 500 && $0 != 429 }) == true {
                    _ = self.state.withLock { $0.handled.remove(order) }
                    return
                }
                try? await Task.sleep(for: .milliseconds(300))
            }
        }
    }
}

/// One REST call whose outcome goes into the history.
struct ChaosCall: Sendable {
    let client: WireClient
    let token: String
    let clock: StageClock
    let history: History

    struct Answer: Sendable {
        /// Nil: there was none.
        var status: Int?
        var json: JSON
        var outcome: Operation.Outcome
    }

    @discardableResult
    func make(_ verb: RESTVerb, _ path: String, _ body: String?, for wish: Operation.Wish) async -> Answer {
        let start = clock.wall
        let answer: Answer
        var words: String
        do {
            let reply = try await client.call(verb, path, token: token, body: body.map { Array($0.utf8) })
            let code = reply.json["code"]?.text ?? ""
            words = "\(reply.status) \(code)"
            let outcome: Operation.Outcome =
                switch reply.status {
                case 200..<300: .ok
                case 400..<500: .fail
                // The server says that nothing was written, and may be held to it.
                case 503 where code == "store_unavailable" || code == "draining": .fail
                default: .unknown
                }
            answer = Answer(status: reply.status, json: reply.json, outcome: outcome)
        } catch {
            words = "no answer"
            answer = Answer(status: nil, json: .null, outcome: .unknown)
        }
        if Task.isCancelled, answer.status == nil { words = "cut off by the end of the run" }
        history.note(
            Operation(wish: wish, outcome: answer.outcome, time: start...max(start, clock.wall), answer: words))
        return answer
    }
}
