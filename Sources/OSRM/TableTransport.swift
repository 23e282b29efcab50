/// The way to a server and back, so that everything else can be tested without one.
package protocol TableTransport: Sendable {
    /// Asks for a URL.
    ///
    /// - Parameter timeout: for all of it, to the last byte of the answer.
    /// - Throws: when there is no whole answer in time.
    func get(_ url: String, within timeout: Duration) async throws -> TableResponse
}

/// Whatever a server answered.
package struct TableResponse: Hashable, Sendable {
    package let status: Int
    package let body: [UInt8]

    package init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}
