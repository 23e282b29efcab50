package import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

/// HTTP/1.1 over kept connections.
///
/// The client's own deadline ends with the head of an answer, so a body that stops halfway would be waited for without
/// an end; here one timer is set against the whole exchange.
package struct HTTPTableTransport: TableTransport {
    private let client: HTTPClient
    private let clock: any Clock<Duration>
    private let largestAnswer: Int

    /// No whole answer within the time.
    package struct TimedOut: Error {
        package init() {}
    }

    /// - Parameters:
    ///   - client: shut down by its owner.
    ///   - largestAnswer: bytes; more is not read. 100 × 100 legs are 200 kB.
    package init(client: HTTPClient, clock: any Clock<Duration>, largestAnswer: Int = 4 * 1024 * 1024) {
        self.client = client
        self.clock = clock
        self.largestAnswer = largestAnswer
    }

    package func get(_ url: String, within timeout: Duration) async throws -> TableResponse {
        try await withThrowingTaskGroup(of: TableResponse?.self) { group in
            group.addTask { try await exchange(url, timeout) }
            group.addTask {
                try await clock.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let response = first else { throw TimedOut() }
            return response
        }
    }

    private func exchange(_ url: String, _ timeout: Duration) async throws -> TableResponse {
        let nanoseconds = Int64(timeout / .nanoseconds(1))
        let response = try await client.execute(HTTPClientRequest(url: url), timeout: .nanoseconds(nanoseconds))
        let body = try await response.body.collect(upTo: largestAnswer)
        return TableResponse(status: Int(response.status.code), body: Array(body.readableBytesView))
    }
}

extension HTTPClient.Configuration {
    /// For a routing server: no redirects, and connections are given up before `osrm-routed` does so after 5 s.
    package static var osrm: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.idleTimeout = .seconds(4)
        return configuration
    }
}
