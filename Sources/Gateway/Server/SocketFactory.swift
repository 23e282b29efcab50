package import Contract
package import NIOCore

/// What the gate of a connection asks: who speaks on a socket, and whether the address may open one.
package protocol SocketFactory: Sendable {
    var settings: GatewaySettings { get }
    /// The desk of the loop that this is called on.
    func desk(of eventLoop: any EventLoop) -> LoopDesk
    /// Whose address a connection counts for; nil for a peer without one.
    func client(peer: SocketAddress?, forwardedFor: [String]) -> IPAddress?
    /// Seconds to wait when the client's address floods us, else nil.
    func floodRefusal(of client: IPAddress?) -> Int64?
    /// A number of our own for a request that becomes no socket.
    func requestID() -> String
    /// The handler of a socket whose upgrade has been answered.
    func socket(for route: SocketRoute, from client: IPAddress?, desk: LoopDesk) -> SocketHandler
    /// Counts a connection that has not asked for anything yet. False when there are too many of them.
    func enter(_ peer: SocketAddress?) -> Bool
    /// It has asked, or is gone.
    func leave(_ peer: SocketAddress?)
}

extension SocketFactory {
    package func enter(_ peer: SocketAddress?) -> Bool { true }
    package func leave(_ peer: SocketAddress?) {}
}
