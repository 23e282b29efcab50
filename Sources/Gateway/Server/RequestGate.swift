import Contract
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// The first thing behind the HTTP codec on every connection: decides for each request whether it becomes a socket or
/// goes on to REST, and holds the deadlines of both until then.
///
/// The first request that is not a socket's sets up REST behind this gate. A later request on the same connection may
/// still become a socket: proxies reuse their connections. Then the HTTP handlers are taken out, REST is told that no
/// more requests will come, and the socket takes this gate's place.
final class RequestGate: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Stage {
        /// Nothing has been decided on this connection yet.
        case fresh(since: Int64)
        case rest
        /// An upgrade that waits for its request's end, and for the answers before it.
        case upgrading(Wish, HTTPRequestHead, hasEnded: Bool)
        /// Answered or upgraded here; whatever comes is ignored.
        case done
    }

    /// A socket that is asked for, and from where.
    private struct Wish {
        var route: SocketRoute
        var client: IPAddress?
    }

    private let factory: any SocketFactory
    private let desk: LoopDesk
    private let decided: EventLoopPromise<GatewayChannel.Kind>
    private let logger: Logger
    private var context: ChannelHandlerContext?
    private var stage: Stage
    private var isDecided = false
    private var restHandlers: [any RemovableChannelHandler] = []
    private var unanswered = 0
    /// Since when a request's body is being read, less the time in which nobody here asked for more of it.
    private var readingSince: Int64?
    /// Whether the client is to send more: false while the server holds the connection back, because an import waits
    /// for its turn.
    private var isAskingForMore = true
    private var sweptAt: Int64?
    /// Since when REST has nothing to do here and waits for the next request.
    private var idleSince: Int64?
    /// Whether this connection is counted among those that are not decided yet.
    private var isCounted = false
    /// Bytes of answers handed to the connection so far, and when the client had last taken enough of them.
    private var written = 0
    private var progress: (taken: Int, at: Int64)?

    init(
        factory: any SocketFactory, desk: LoopDesk, decided: EventLoopPromise<GatewayChannel.Kind>, logger: Logger
    ) {
        self.factory = factory
        self.desk = desk
        self.decided = decided
        self.logger = logger
        stage = .fresh(since: desk.clock.read().uptime)
    }

    // MARK: - Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        desk.add(self)
        if context.channel.isActive { count(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        desk.remove(self)
        decideNothing()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        count(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        desk.remove(self)
        decideNothing()
        context.fireChannelInactive()
    }

    /// Takes a place among the connections that are not decided yet; where there is none, this one goes.
    private func count(_ context: ChannelHandlerContext) {
        guard !isCounted, !isDecided else { return }
        isCounted = factory.enter(context.remoteAddress)
        guard !isCounted else { return }
        stage = .done
        context.close(promise: nil)
    }

    private func countNoMore() {
        guard isCounted else { return }
        isCounted = false
        factory.leave(context?.remoteAddress)
    }

    func read(context: ChannelHandlerContext) {
        isAskingForMore = true
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isAskingForMore = false
        switch unwrapInboundIn(data) {
        case .head(let head): read(head, context)
        case .body: forward(data, context)
        case .end: readEnd(data, context)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var isAnswered = false
        switch unwrapOutboundIn(data) {
        case .end: isAnswered = true
        case .body(.byteBuffer(let bytes)): written += bytes.readableBytes
        case .body(.fileRegion), .head: break
        }
        context.write(data, promise: promise)
        guard isAnswered else { return }
        unanswered -= 1
        noteIdleness()
        upgradeIfReady(context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (event, stage) {
        case (is ChannelShouldQuiesceEvent, .fresh), (ChannelEvent.inputClosed, .fresh): context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func triggerUserOutboundEvent(
        context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
    ) {
        guard event is SocketHandler.Abandon else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        promise?.succeed(())
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch stage {
        case .rest: context.fireErrorCaught(error)
        case .fresh where error is HTTPParserError: answer(.badRequest, to: nil, context)
        case .fresh, .upgrading, .done: context.close(promise: nil)
        }
    }

    // MARK: - Requests

    private func read(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch stage {
        case .done, .upgrading: return
        case .fresh, .rest: break
        }
        readingSince = desk.clock.read().uptime
        idleSince = nil
        guard let route = SocketRoute(uri: head.uri, authorization: head.headers.first(name: "authorization")) else {
            pass(head, context)
            return
        }
        let client = factory.client(peer: context.remoteAddress, forwardedFor: head.headers["x-forwarded-for"])
        if let seconds = factory.floodRefusal(of: client) {
            answer(.tooManyRequests, to: head, retryAfter: seconds, context)
        } else if Self.isUpgrade(head) {
            stage = .upgrading(Wish(route: route, client: client), head, hasEnded: false)
        } else {
            answer(.upgradeRequired, to: head, context)
        }
    }

    private static func isUpgrade(_ head: HTTPRequestHead) -> Bool {
        head.method == .GET && head.version == .http1_1
            && head.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
            && head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
    }

    private func readEnd(_ data: NIOAny, _ context: ChannelHandlerContext) {
        readingSince = nil
        noteIdleness()
        guard case .upgrading(let wish, let head, _) = stage else { return forward(data, context) }
        stage = .upgrading(wish, head, hasEnded: true)
        upgradeIfReady(context)
    }

    /// Everything that was asked has been read and answered.
    private func noteIdleness() {
        if case .rest = stage, unanswered <= 0, readingSince == nil { idleSince = desk.clock.read().uptime }
    }

    private func forward(_ data: NIOAny, _ context: ChannelHandlerContext) {
        if case .rest = stage { context.fireChannelRead(data) }
    }

    private func pass(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var head = head
        // After an upgrade that is not ours the decoder reads no further requests.
        if head.headers.contains(name: "upgrade") { head.headers.replaceOrAdd(name: "connection", value: "close") }
        if case .fresh = stage {
            do { try setUpREST(context) } catch {
                context.close(promise: nil)
                return
            }
        }
        unanswered += 1
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    private func setUpREST(_ context: ChannelHandlerContext) throws {
        let handlers: [any RemovableChannelHandler] = [
            HTTP1ToHTTPServerCodec(secure: false),
            // What is idle is judged by this gate: the handler takes an import for idle that waits for its turn.
            HTTPConnectionStateHandler(idleTimeout: .seconds(86_400), logger: logger),
        ]
        let pipeline = context.pipeline.syncOperations
        try pipeline.addHandlers(handlers, position: .last)
        let channel = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
            wrappingChannelSynchronously: context.channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        restHandlers = handlers
        stage = .rest
        isDecided = true
        countNoMore()
        decided.succeed(.rest(channel))
    }

    // MARK: - Upgrades

    private func upgradeIfReady(_ context: ChannelHandlerContext) {
        guard case .upgrading(let wish, let head, true) = stage, unanswered <= 0 else { return }
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
        let response = upgrader.buildUpgradeResponse(
            channel: context.channel, upgradeRequest: head, initialResponseHeaders: HTTPHeaders())
        let gate = NIOLoopBound(self, eventLoop: context.eventLoop)
        // Complete already, so this runs before anything else can arrive.
        response.whenComplete { result in gate.value.upgrade(wish, result) }
    }

    private func upgrade(_ wish: Wish, _ response: Result<HTTPHeaders, any Error>) {
        guard let context, case .upgrading(_, let head, _) = stage else { return }
        guard case .success(var headers) = response else {
            answer(.badRequest, to: head, context)
            return
        }
        stage = .done
        headers.replaceOrAdd(name: "connection", value: "upgrade")
        headers.replaceOrAdd(name: "upgrade", value: "websocket")
        let answer = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        let channel = context.channel
        do { try becomeSocket(wish, context) } catch { context.close(promise: nil) }
        // Who has the answer may rely on the socket's being there.
        channel.flush()
    }

    private func becomeSocket(_ wish: Wish, _ context: ChannelHandlerContext) throws {
        let pipeline = context.pipeline.syncOperations
        if isDecided {
            // REST stands behind us and hears that nothing more will come.
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            for handler in restHandlers { pipeline.removeHandler(handler, promise: nil) }
        }
        pipeline.removeHandler(name: GatewayChannel.encoderName, promise: nil)
        // Before this gate, so that what the socket writes at once does not pass it.
        let socket = factory.socket(for: wish.route, from: wish.client, desk: desk)
        socket.readsForItself = isDecided
        // What the kernel keeps for a client that does not read is memory as well, and old news by the time it is read.
        let size = ChannelOptions.Types.SocketOption.Value(factory.settings.kernelSendBuffer)
        try context.channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: size)
        try pipeline.addHandler(socket, position: .before(self))
        if !isDecided {
            isDecided = true
            countNoMore()
            decided.succeed(.socket)
        }
        // The decoder hands on what came after the request as bytes, so the socket must stand directly behind it then.
        pipeline.removeHandler(self, promise: nil)
        pipeline.removeHandler(name: GatewayChannel.decoderName, promise: nil)
    }

    // MARK: - Answers of our own

    /// Answers a request that becomes no socket, and ends the connection. Without a head it could not be read.
    private func answer(
        _ status: HTTPResponseStatus, to request: HTTPRequestHead?, retryAfter: Int64? = nil,
        _ context: ChannelHandlerContext
    ) {
        stage = .done
        let requestID = RequestID.accepted(request?.headers.first(name: "x-request-id")) ?? factory.requestID()
        let body = Self.problem(status, retryAfter: retryAfter, requestID: requestID)
        var headers: HTTPHeaders = [
            "content-type": Problem.mediaType, "content-length": "\(body.readableBytes)", "connection": "close",
            "cache-control": "no-store", "x-request-id": requestID,
        ]
        let crossOrigin = CrossOrigin(origins: factory.settings.corsOrigins)
        for field in crossOrigin.fields(for: request?.headers.first(name: "origin")) {
            headers.add(name: field.name, value: field.value)
        }
        if let retryAfter { headers.add(name: "retry-after", value: "\(retryAfter)") }
        if status == .upgradeRequired {
            headers.add(name: "upgrade", value: "websocket")
            headers.add(name: "sec-websocket-version", value: "13")
        }
        // A flood has lines of its own, fewer than it has requests.
        if status != .tooManyRequests {
            logger.debug("request refused", metadata: ["request_id": "\(requestID)", "status": "\(status.code)"])
        }
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        let gate = NIOLoopBound(self, eventLoop: context.eventLoop)
        written.whenComplete { _ in gate.value.context?.close(promise: nil) }
    }

    /// A problem document for the few answers that the gateway gives before REST.
    private static func problem(_ status: HTTPResponseStatus, retryAfter: Int64?, requestID: String) -> ByteBuffer {
        let detail =
            switch status {
            case .tooManyRequests: "Too many connections from this address; try again in \(retryAfter ?? 1) s."
            case .upgradeRequired: "This path is a WebSocket; the request must ask for an upgrade."
            default: "The request cannot be read."
            }
        let code =
            switch status {
            case .tooManyRequests: "too_many_requests"
            case .upgradeRequired: "upgrade_required"
            default: "bad_request"
            }
        let problem = Problem(
            status: Int(status.code), code: code, title: status.reasonPhrase, detail: detail, requestID: requestID)
        return ByteBuffer(bytes: problem.jsonBytes)
    }

    /// The connection ends without ever having become anything.
    private func decideNothing() {
        countNoMore()
        guard !isDecided else { return }
        isDecided = true
        decided.fail(ChannelError.eof)
    }
}

extension RequestGate: LoopDesk.Swept {
    var needsAttention: Bool { false }

    func swept(at now: Moment) {
        let settings = factory.settings
        switch stage {
        case .fresh(let since) where now.uptime - since >= settings.headDeadline: context?.close(promise: nil)
        case .rest, .upgrading:
            if isBodyOverdue(at: now) { context?.close(promise: nil) }
            if let idleSince, now.uptime - idleSince >= settings.httpIdle { context?.close(promise: nil) }
            if isStuck(at: now) { context?.close(promise: nil) }
        case .done:
            if isStuck(at: now) { context?.close(promise: nil) }
        case .fresh: break
        }
    }

    /// Whether the client has taken too long to send a request's body. The time in which we did not read is ours.
    private func isBodyOverdue(at now: Moment) -> Bool {
        let last = sweptAt
        sweptAt = now.uptime
        guard let since = readingSince else { return false }
        if !isAskingForMore, let last { readingSince = since + now.uptime - max(last, since) }
        return now.uptime - (readingSince ?? since) >= factory.settings.bodyDeadline
    }

    /// Whether the client takes too little of what waits for it.
    private func isStuck(at now: Moment) -> Bool {
        let waiting = context?.channel.waitingBytes ?? 0
        guard waiting > 0 else {
            progress = nil
            return false
        }
        let taken = written - waiting
        if let progress, taken - progress.taken < factory.settings.outboundLimit / 2 {
            return now.uptime - progress.at >= factory.settings.writeDeadline
        }
        progress = (taken, now.uptime)
        return false
    }
}
