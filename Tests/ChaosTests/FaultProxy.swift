import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A relay between a client and a server that fails on demand: what a network, a pooler or a dying machine does.
final class FaultProxy: Sendable {
    enum Mode: Sendable {
        case pass
        /// Connections are accepted and ended at once.
        case refuse
        /// Everything is swallowed and nothing ends: a dropped route.
        case blackhole
    }

    /// Where a connection to PostgreSQL breaks when a client commits.
    enum CommitCut: Sendable, CaseIterable {
        /// The server never sees the COMMIT.
        case before
        /// The server commits, the client never hears of it.
        case after
    }

    struct Tally: Sendable {
        var connections = 0
        var cutsBefore = 0
        var cutsAfter = 0
    }

    /// Something that happens at the moment of an engine's commit.
    fileprivate struct Trap {
        var cut: CommitCut
        var action: @Sendable () -> Void
    }

    private struct State {
        var mode = Mode.pass
        var cuts: [CommitCut] = []
        var traps: [Trap] = []
        var tally = Tally()
        var channels: [ObjectIdentifier: any Channel] = [:]
        var listener: (any Channel)?
    }

    private let upstream: SocketAddress
    private let group: MultiThreadedEventLoopGroup
    private let state = Mutex(State())

    init(upstream: SocketAddress, group: MultiThreadedEventLoopGroup) {
        self.upstream = upstream
        self.group = group
    }

    /// Listens on a free port of the loopback.
    ///
    /// - Returns: The port.
    func start() async throws -> Int {
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(FrontHandler(proxy: self, channel: channel))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        state.withLock { $0.listener = listener }
        return listener.localAddress?.port ?? 0
    }

    func stop() async {
        try? await state.withLock { $0.listener }?.close().get()
        reset()
    }

    var mode: Mode {
        get { state.withLock { $0.mode } }
        set { state.withLock { $0.mode = newValue } }
    }

    var tally: Tally { state.withLock { $0.tally } }

    /// The next commits that pass here break like this, in this order.
    func cut(_ cuts: [CommitCut]) {
        state.withLock { $0.cuts += cuts }
    }

    var pendingCuts: Int { state.withLock { $0.cuts.count } }

    /// With the next commit of a dispatch round `action` is called: before PostgreSQL sees it, or when it is on its way
    /// there and its answer is not yet. A COMMIT that was caught before goes no further.
    func trapEngine(_ cut: CommitCut, _ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.traps.append(Trap(cut: cut, action: action)) }
    }

    var pendingTraps: Int { state.withLock { $0.traps.count } }

    fileprivate func nextTrap() -> Trap? {
        state.withLock { $0.traps.isEmpty ? nil : $0.traps.removeFirst() }
    }

    /// Forgets cuts that no commit has met.
    func clearCuts() { state.withLock { $0.cuts = [] } }

    /// Ends every connection that passes here now.
    func reset() {
        for channel in state.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }

    fileprivate func admit(_ channel: any Channel) -> Mode {
        state.withLock { state in
            state.tally.connections += 1
            state.channels[ObjectIdentifier(channel)] = channel
            return state.mode
        }
    }

    fileprivate func forget(_ channel: any Channel) {
        state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
    }

    fileprivate func nextCut() -> CommitCut? {
        state.withLock { state in
            guard !state.cuts.isEmpty else { return nil }
            let cut = state.cuts.removeFirst()
            switch cut {
            case .before: state.tally.cutsBefore += 1
            case .after: state.tally.cutsAfter += 1
            }
            return cut
        }
    }

    fileprivate func connect(on loop: any EventLoop, to front: any Channel) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: loop).connectTimeout(.seconds(2)).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(BackHandler(proxy: self, front: front))
            }
        }.connect(to: upstream)
    }
}

/// The side of the client.
private final class FrontHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private static let commit = Array("COMMIT\0".utf8)
    /// The argument of the audit that says who asked, with its length before it.
    private static let engine = [0, 0, 0, 6] + Array("engine".utf8)
    private let proxy: FaultProxy
    private let channel: any Channel
    private var back: (any Channel)?
    /// Whether the transaction of now is the engine's.
    private var isEngines = false

    init(proxy: FaultProxy, channel: any Channel) {
        self.proxy = proxy
        self.channel = channel
    }

    func channelActive(context: ChannelHandlerContext) {
        guard proxy.admit(channel) != .refuse else { return context.close(promise: nil) }
        let own = NIOLoopBound(self, eventLoop: context.eventLoop)
        let channel = channel
        proxy.connect(on: context.eventLoop, to: channel).whenComplete { outcome in
            switch outcome {
            case .success(let back):
                own.value.back = back
                channel.setOption(.autoRead, value: true).whenComplete { _ in channel.read() }
            case .failure: channel.close(promise: nil)
            }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard proxy.mode != .blackhole, let back else { return }
        let bytes = unwrapInboundIn(data)
        if bytes.holds(Self.engine) { isEngines = true }
        guard bytes.holds(Self.commit) else {
            return back.writeAndFlush(bytes, promise: nil)
        }
        defer { isEngines = false }
        if isEngines, let trap = proxy.nextTrap() {
            guard trap.cut == .after else { return trap.action() }
            let sent = back.writeAndFlush(bytes)
            return sent.whenComplete { _ in trap.action() }
        }
        switch proxy.nextCut() {
        case .before: return context.close(promise: nil)
        case .after: (try? back.pipeline.syncOperations.handler(type: BackHandler.self))?.endsWithNextAnswer = true
        case nil: break
        }
        back.writeAndFlush(bytes, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        proxy.forget(channel)
        back?.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// The side of the server.
private final class BackHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let proxy: FaultProxy
    private let front: any Channel
    var endsWithNextAnswer = false

    init(proxy: FaultProxy, front: any Channel) {
        self.proxy = proxy
        self.front = front
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !endsWithNextAnswer else { return context.close(promise: nil) }
        guard proxy.mode != .blackhole else { return }
        front.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // In a black hole nobody hears of an end either.
        if proxy.mode != .blackhole { front.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension ByteBuffer {
    /// By the system's search for the first byte: without optimisation the library's own search takes seconds for a
    /// bulk load of positions, which the server would take for a stalled database.
    fileprivate func holds(_ word: [UInt8]) -> Bool {
        withUnsafeReadableBytes { bytes in
            guard var place = bytes.baseAddress, let first = word.first else { return false }
            let end = place + bytes.count
            while end - place >= word.count, let found = memchr(place, Int32(first), end - place) {
                guard end - UnsafeRawPointer(found) >= word.count else { return false }
                if memcmp(found, word, word.count) == 0 { return true }
                place = UnsafeRawPointer(found) + 1
            }
            return false
        }
    }
}
