import Contract
import NIOCore
import NIOHTTP1

/// The few REST calls that a conformance run makes.
final class DoubleRESTHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let state: DoubleState
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(state: DoubleState) {
        self.state = state
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (self.head, body) = (head, [])
        case .body(let part): body += part.readableBytesView
        case .end:
            guard let head else { return }
            let (status, text) = answer(head, (try? JSON(parsing: body)) ?? .null)
            let buffer = context.channel.allocator.buffer(string: text)
            let headers = HTTPHeaders([("content-length", "\(buffer.readableBytes)")])
            let response = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
            context.write(wrapOutboundOut(.head(response)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ body: JSON) -> (Int, String) {
        let path = head.uri.split(separator: "?").first.map(String.init) ?? ""
        let parts = path.split(separator: "/").dropFirst(2).map(String.init)
        switch (head.method, parts.first ?? "", parts.count) {
        case (.POST, "auth", 2): return signIn(body, account: "driver")
        case (.POST, "auth", 3): return signIn(body, account: "admin")
        case (.PUT, "driver", 2): return (200, "{}")
        case (.GET, "orders", 2):
            let isSignedIn = head.headers.first(name: "authorization") != nil
            return isSignedIn || state.fault == .restWithoutToken ? (200, "[]") : (401, #"{"detail":"no token"}"#)
        case (.POST, "orders", 1): return (201, #"{"id":\#(state.newOrder())}"#)
        case (.POST, "orders", 3):
            guard let order = Int64(parts[1]) else { return (404, "{}") }
            if parts[2] == "assign", let driver = body["driver_id"]?.int64 { state.assign(order, to: driver) }
            if parts[2] == "cancel" { state.cancel(order) }
            return (200, "{}")
        case (.GET, "drivers", 3):
            let rows = state.positions(Int64(parts[1]) ?? 0).map { #"{"latitude":\#($0.0),"longitude":\#($0.1)}"# }
            return (200, "[\(rows.joined(separator: ","))]")
        default: return (403, "{}")
        }
    }

    /// Drivers are `driver-7` and so on; every password does.
    private func signIn(_ body: JSON, account: String) -> (Int, String) {
        let identity = body.first(of: ["identity", "email"])?.text ?? ""
        var id = identity.split(separator: "-").last.flatMap { Int64($0) } ?? 1
        if let refresh = body["refresh_token"]?.text {
            guard let owner = state.owner(of: refresh), owner.role == .refresh else { return (401, "{}") }
            id = owner.id
        }
        let token = state.issue(id, account == "driver" ? .driver : .admin)
        let refresh = state.issue(id, .refresh)
        return (200, #"{"access_token":"\#(token)","refresh_token":"\#(refresh)","\#(account)":{"id":\#(id)}}"#)
    }
}
