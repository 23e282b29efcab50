package import Hummingbird

/// What the server knows of a request beside its text: the peer's address.
package struct APIContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    let peer: String?

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = source.channel.remoteAddress?.ipAddress
    }
}
