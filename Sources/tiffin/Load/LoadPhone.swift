import Contract
import DriverClient
import Synchronization

/// One phone under load: sends positions and pings when told, and times what comes back.
final class LoadPhone: Sendable {
    private struct State {
        var socket: DriverSocket?
        var pingedAt: UInt64?
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
                let start = state.withLock { state in
                    defer { state.pingedAt = nil }
                    return state.pingedAt
                }
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

    /// Sends the app's ping and starts its clock, unless the last one is still unanswered.
    func ping() {
        let now = figures.now
        let socket = state.withLock { state in
            if state.pingedAt == nil { state.pingedAt = now }
            return state.socket
        }
        socket?.send(#"{"type":"ping"}"#)
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
