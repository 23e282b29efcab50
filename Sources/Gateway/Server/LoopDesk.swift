import Contract
package import Fulfilment
package import NIOCore

/// What one event loop keeps for its sockets: the sweep that stands in for a timer per socket, and the positions of
/// this turn of the loop, handed on together. Used on its loop only.
package final class LoopDesk {
    /// What wants to be told the time.
    package protocol Swept: AnyObject {
        /// Whether it wants every tick instead of one a second.
        var needsAttention: Bool { get }
        func swept(at now: Moment)
    }

    /// More room than this is given back after the frame that needed it.
    static let scratchKept = 65_536
    /// The same for more positions than this in one turn.
    private static let fixesKept = 4096
    static let tickMilliseconds: Int64 = 100
    private static let slices = 10

    package let eventLoop: any EventLoop
    package let clock: GatewayClock
    /// Room in which the loop's sockets unmask one frame after the other.
    var scratch = ByteBuffer()
    /// Room for one message of the usual length; what does not fit goes through ``scratch``.
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 16)
    /// Reads the positions of all its sockets, which are written alike.
    var hotMessages = HotMessageReader()
    private let accept: @Sendable ([Fix]) -> Void
    private var fixes: [Fix] = []
    private var calm: [[ObjectIdentifier: any Swept]] = Array(repeating: [:], count: slices)
    private var eager: [ObjectIdentifier: any Swept] = [:]
    private var slice = 0
    private var timer: RepeatedTask?

    package init(
        eventLoop: any EventLoop, clock: GatewayClock, accept: @escaping @Sendable ([Fix]) -> Void
    ) {
        self.eventLoop = eventLoop
        self.clock = clock
        self.accept = accept
    }

    deinit { room.deallocate() }

    /// Starts to tell it the time, at the next tick at the latest.
    func add(_ swept: any Swept) {
        eager[ObjectIdentifier(swept)] = swept
        guard timer == nil else { return }
        let desk = NIOLoopBound(self, eventLoop: eventLoop)
        let tick = TimeAmount.milliseconds(Self.tickMilliseconds)
        timer = eventLoop.scheduleRepeatedTask(initialDelay: tick, delay: tick) { _ in desk.value.tick() }
    }

    /// It wants attention again.
    func rouse(_ swept: any Swept) {
        let id = ObjectIdentifier(swept)
        guard calm[Self.slice(of: id)].removeValue(forKey: id) != nil else { return }
        eager[id] = swept
    }

    func remove(_ swept: any Swept) {
        let id = ObjectIdentifier(swept)
        eager[id] = nil
        calm[Self.slice(of: id)][id] = nil
        if eager.isEmpty, calm.allSatisfy(\.isEmpty) {
            timer?.cancel()
            timer = nil
        }
    }

    /// Takes a position; it is handed on at the end of this turn of the loop.
    func accept(_ fix: Fix) {
        fixes.append(fix)
        guard fixes.count == 1 else { return }
        let desk = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute { desk.value.handOn() }
    }

    private func handOn() {
        accept(fixes)
        fixes.removeAll(keepingCapacity: fixes.count <= Self.fixesKept)
    }

    private func tick() {
        let now = clock.read()
        slice = (slice + 1) % Self.slices
        for swept in eager.values {
            swept.swept(at: now)
            let id = ObjectIdentifier(swept)
            if !swept.needsAttention, eager.removeValue(forKey: id) != nil { calm[Self.slice(of: id)][id] = swept }
        }
        for swept in calm[slice].values { swept.swept(at: now) }
    }

    private static func slice(of id: ObjectIdentifier) -> Int {
        // Objects lie on 16-byte boundaries, so the low bits say nothing.
        Int((UInt(bitPattern: id) >> 4) % UInt(slices))
    }
}
