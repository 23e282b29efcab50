import Contract
import DriverClient
import Synchronization

/// One phone under load: sends positions and pings when told, and times what comes back.
final class LoadPhone: Sendable {
    private struct State {
        var socket: DriverSocket?
        /// When the pings were due that have not been answered, oldest first.
        var pingsDue: [UInt64] = []
        var isLeaving = false
        var steps = 0
    }

    private let driver: LoadDriver
    private let figures: LoadFigures
    private let state = Mutex(State())

    init(_ driver: LoadDriver, figures: LoadFigures) {
        self.driver = driver
        self.figures = figures
    }

    /// Connects and measures how long that took, TLS and upgrade included.
    func connect(with client: WireClient) async {
        let start = figures.now
        do {
            let socket = try await client.openSocket(driver: "\(driver.id)", token: driver.token) { [self] event in
                received(event)
            }
            figures.opened(since: start)
            state.withLock { $0.socket = socket }
        } catch {
            figures.failedToOpen(error)
        }
    }

    private func received(_ event: SocketEvent) {
        switch event {
        case .ping: break
        case .closed(let close): figures.closed(close, expected: state.withLock { $0.isLeaving })
        case .text(let text):
            if text == #"{"type":"pong"}"# {
                let start = state.withLock { state in state.pingsDue.isEmpty ? nil : state.pingsDue.removeFirst() }
                if let start { figures.ponged(since: start) }
            } else if text.contains("order_assigned") {
                let order = (try? JSON(parsing: text))?["data"]?["order_id"]?.identifier
                if let order { figures.arrived(order: order) }
            } else if text.hasPrefix(#"{"type":"error""#) {
                figures.serverError()
            }
        }
    }

    /// Sends the next position of a slow walk around the driver's own corner of the city.
    func sendPosition() {
        let (socket, step) = state.withLock { state in
            state.steps += 1
            return (state.socket, state.steps)
        }
        guard let socket else { return }
        let corner = Double(driver.id % 400)
        let update = LocationUpdate(
            latitude: 12.9 + corner.remainder(dividingBy: 20) * 0.005 + Double(step % 100) * 0.0001,
            longitude: 77.5 + (corner / 20) * 0.005, accuracy: 8, heading: 90, speed: 6.5, batteryLevel: 80)
        socket.send(DriverMessage.location(update).jsonBytes)
        figures.sentPosition()
    }

    /// Sends the app's ping. Its clock runs from the moment at which it was due, so that a load that is late itself, or
    /// a server that keeps pings waiting, hides nothing; pongs answer pings in their order.
    ///
    /// - Parameter due: Microseconds of the run.
    func ping(due: UInt64) {
        let socket = state.withLock { state in
            guard let socket = state.socket else { return nil as DriverSocket? }
            state.pingsDue.append(due)
            return socket
        }
        socket?.send(#"{"type":"ping"}"#)
    }

    /// Pings that have not been answered.
    var openPings: Int { state.withLock { $0.pingsDue.count } }

    /// Loses its network without a word and connects again after a second, as the app does.
    func reconnect(with client: WireClient) async {
        let old = state.withLock { state in
            (state.isLeaving, state.pingsDue) = (true, [])
            defer { state.socket = nil }
            return state.socket
        }
        guard let old else { return }
        old.drop()
        try? await Task.sleep(for: .seconds(1))
        state.withLock { $0.isLeaving = false }
        await connect(with: client)
    }

    /// Goes offline as the app does.
    func leave() {
        state.withLock { state in
            state.isLeaving = true
            return state.socket
        }?.close()
    }

    /// Gives up a close handshake that the server does not finish.
    func drop() { state.withLock { $0.socket }?.drop() }
}
