import Contract
import Foundation
import NIOCore
import NIOWebSocket
import Synchronization

/// What the double remembers: tokens, positions, sockets, orders. One mutex, no waiting inside.
final class DoubleState: Sendable {
    enum Role: Sendable { case driver, admin, refresh }

    private struct Content {
        var tokens: [String: (id: Int64, role: Role)] = [:]
        var positions: [Int64: [(Double, Double)]] = [:]
        var sockets: [Int64: any Channel] = [:]
        var missed: [Int64: [String]] = [:]
        var holders: [Int64: Int64] = [:]
        var attempts: [Int64: Int] = [:]
        var serial: Int64 = 100
    }

    let fault: PlantedFault?
    private let logPath: String
    private let content = Mutex(Content())

    init(fault: PlantedFault?, logPath: String) {
        self.fault = fault
        self.logPath = logPath
        _ = FileManager.default.createFile(atPath: logPath, contents: nil)
    }

    func issue(_ id: Int64, _ role: Role) -> String {
        content.withLock { content in
            content.serial += 1
            let token = "head\(content.serial).body\(content.serial).sign\(content.serial)end"
            content.tokens[token] = (id, role)
            return token
        }
    }

    func owner(of token: String?) -> (id: Int64, role: Role)? {
        token.flatMap { token in content.withLock { $0.tokens[token] } }
    }

    /// Whether the token opens the path's socket.
    func admits(_ token: String?, to driver: Int64) -> Bool {
        if fault == .acceptsAnyToken { return true }
        guard let owner = owner(of: token) else { return false }
        switch owner.role {
        case .driver: return owner.id == driver || fault == .ignoresPath
        case .refresh: return owner.id == driver && fault == .acceptsRefreshTokens
        case .admin: return false
        }
    }

    func attempt(_ driver: Int64) -> Int {
        content.withLock { content in
            content.attempts[driver, default: 0] += 1
            return content.attempts[driver, default: 0]
        }
    }

    /// Registers a socket; gives back the one it replaces and the messages that waited.
    func enter(_ driver: Int64, _ channel: any Channel) -> (old: [any Channel], missed: [String]) {
        content.withLock { content in
            let old =
                fault == .oneDriverAtATime
                ? Array(content.sockets.values) : [content.sockets[driver]].compactMap(\.self)
            content.sockets[driver] = channel
            return (old, content.missed.removeValue(forKey: driver) ?? [])
        }
    }

    func leave(_ driver: Int64, _ channel: any Channel) {
        content.withLock { content in
            let isCurrent = content.sockets[driver] === channel
            if isCurrent || fault == .oldEndForgetsNew { content.sockets[driver] = nil }
        }
    }

    /// The driver's open socket.
    func socket(of driver: Int64) -> (any Channel)? { content.withLock { $0.sockets[driver] } }

    func save(_ driver: Int64, _ latitude: Double, _ longitude: Double) {
        content.withLock { content in
            let known = content.positions[driver, default: []]
            if fault == .losesPositions || (fault == .savesOneOfTwo && !known.isEmpty) { return }
            content.positions[driver] = known + [(latitude, longitude)]
        }
    }

    func positions(_ driver: Int64) -> [(Double, Double)] {
        content.withLock { $0.positions[driver] ?? [] }
    }

    func newOrder() -> Int64 {
        content.withLock { content in
            content.serial += 1
            return content.serial
        }
    }

    func assign(_ order: Int64, to driver: Int64) {
        let earnings = fault == .ordersWithTextEarnings ? "\"45.50\"" : "45.5"
        content.withLock { $0.holders[order] = driver }
        tell(
            driver,
            """
            {"type":"order_assigned","data":{"order_id":\(order),"restaurant_name":"K","pickup_address":"1",\
            "delivery_address":"2","earnings":\(earnings),"distance_km":3.2}}
            """)
    }

    func cancel(_ order: Int64) {
        guard let driver = content.withLock({ $0.holders.removeValue(forKey: order) }) else { return }
        if fault == .losesCancellation { return }
        tell(driver, #"{"type":"order_cancelled","data":{"order_id":\#(order),"reason":"Customer cancelled"}}"#)
    }

    private func tell(_ driver: Int64, _ text: String) {
        let channels: [any Channel] = content.withLock { content in
            if fault == .tellsEveryone { return Array(content.sockets.values) }
            guard let channel = content.sockets[driver] else {
                if fault != .losesOrdersWhileAway { content.missed[driver, default: []].append(text) }
                return []
            }
            return [channel]
        }
        for channel in channels {
            let delay: TimeAmount = fault == .ordersLate ? .milliseconds(1_600) : .zero
            channel.eventLoop.scheduleTask(in: delay) { Self.send(text, on: channel) }
        }
    }

    static func send(_ text: String, on channel: any Channel) {
        let frame = WebSocketFrame(fin: true, opcode: .text, data: channel.allocator.buffer(string: text))
        channel.writeAndFlush(frame, promise: nil)
    }

    func log(_ text: String) {
        if fault == .logsNothing { return }
        guard let handle = FileHandle(forWritingAtPath: logPath) else { return }
        handle.seekToEndOfFile()
        handle.write(Data((text + "\n").utf8))
        try? handle.close()
    }
}
