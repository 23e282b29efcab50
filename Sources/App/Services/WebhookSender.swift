import AsyncHTTPClient
import DispatchCore
import Fulfilment
import Identity
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization

/// Sends webhooks: what is due, each target by a child of its own, so that one that hangs keeps nobody waiting.
///
/// At least once: a server that dies between the answer and its note sends again when the lease is over.
struct WebhookSender: Service {
    let store: any WebhookStore
    let policy: WebhookPolicy
    /// Of one request, until its answer's head.
    let timeout: TimeAmount
    let now: @Sendable () -> Timestamp
    let log: Logger

    /// Deliveries taken at once by one child.
    private static let portion = 10

    /// Targets that a child is busy with.
    private final class Busy: Sendable {
        private let targets = Mutex<Set<WebhookID>>([])

        func claim(_ target: WebhookID) -> Bool { targets.withLock { $0.insert(target).inserted } }
        func release(_ target: WebhookID) { targets.withLock { _ = $0.remove(target) } }
    }

    func run() async throws {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = timeout
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let busy = Busy()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                var lastFailure = ""
                while !Task.isCancelled {
                    do {
                        for target in try await store.webhookTargets()
                        where target.isActive && busy.claim(target.id) {
                            group.addTask {
                                await serve(target, client)
                                busy.release(target.id)
                            }
                        }
                        lastFailure = ""
                    } catch {
                        let failure = "\(error)"
                        if failure != lastFailure, !Task.isCancelled {
                            log.warning("webhooks cannot be read", metadata: ["reason": "\(failure)"])
                        }
                        lastFailure = failure
                    }
                    try? await Task.sleep(for: .milliseconds(500))
                }
                group.cancelAll()
            }
        }
        try await client.shutdown()
    }

    /// Sends what is due to one target until nothing is left or an attempt fails.
    private func serve(_ target: WebhookTarget, _ client: HTTPClient) async {
        let lease = timeout.nanoseconds / 1_000_000 * Int64(Self.portion + 1)
        do {
            while !Task.isCancelled {
                let moment = now()
                let until = moment.advanced(byMilliseconds: lease)
                let due = try await store.takeDueDeliveries(
                    of: target.id, at: moment, until: until, limit: Self.portion)
                if due.isEmpty { return }
                for (number, delivery) in due.enumerated() {
                    if Task.isCancelled { return }
                    let attempt = await send(delivery, to: target, client)
                    try await store.note(attempt, of: delivery.id)
                    if !attempt.isSuccess {
                        log.info(
                            "webhook failed",
                            metadata: [
                                "target_id": "\(target.id)", "delivery_id": "\(delivery.id)",
                                "attempt": "\(delivery.attempts + 1)", "reason": "\(attempt.error ?? "")",
                            ])
                    }
                    // A target that does not answer is not asked for the rest of the portion, which keeps its place.
                    if attempt.status == nil, !attempt.isSuccess {
                        let rest = due[(number + 1)...].map(\.id)
                        return try await store.giveBack(rest, takenUntil: until, at: moment)
                    }
                }
            }
        } catch {
            if !Task.isCancelled { log.warning("webhooks cannot be noted", metadata: ["reason": "\(error)"]) }
        }
    }

    private func send(
        _ delivery: WebhookDelivery, to target: WebhookTarget, _ client: HTTPClient
    ) async -> WebhookAttempt {
        var request = HTTPClientRequest(url: target.draft.url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "x-tiffin-event", value: delivery.event.rawValue)
        request.headers.add(name: "x-tiffin-delivery", value: "\(delivery.id)")
        let seconds = now().milliseconds / 1000
        request.headers.add(
            name: "x-tiffin-signature",
            value: "t=\(seconds),v1=" + WebhookSignature.of(delivery.body, at: seconds, secret: target.draft.secret))
        request.body = .bytes(Array(delivery.body.utf8))
        var status: Int?
        var failure: String?
        do {
            let response = try await client.execute(request, timeout: timeout)
            status = Int(response.status.code)
            if !(200..<300).contains(response.status.code) { failure = "answered \(response.status.code)" }
        } catch {
            failure = "no answer: \(type(of: error)) \(error)"
        }
        let ended = now()
        let pause = policy.pause(after: delivery.attempts + 1)
        return WebhookAttempt(
            at: ended, status: status, error: failure,
            nextAt: failure == nil ? nil : pause.map { ended.advanced(byMilliseconds: $0) })
    }
}

/// How a receiver knows that a webhook is ours and fresh.
enum WebhookSignature {
    /// HMAC-SHA-256 of `seconds.body` under the target's secret, in hexadecimal.
    static func of(_ body: String, at seconds: Int64, secret: String) -> String {
        let code = hmacSHA256(key: Array(secret.utf8), Array("\(seconds).\(body)".utf8))
        return code.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
