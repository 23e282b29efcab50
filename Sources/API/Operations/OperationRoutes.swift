import Contract
import Fulfilment
import HTTPTypes

/// What operators and load balancers ask, and the description of the rest.
struct OperationRoutes: RouteGroup {
    let parts: API.Parts
    let drain: Drain

    var routes: [Route] {
        [
            always("/") { _ in
                .object { writer in
                    writer.field("name", "tiffin")
                    writer.field("version", parts.settings.version)
                    writer.field("status", drain.hasBegun ? "draining" : "ok")
                }
            },
            always("/health") { _ in await readiness() },
            always("/health/live") { _ in .object { $0.field("status", "ok") } },
            always("/health/ready") { _ in await readiness() },
            always("/metrics") { _ in
                .text(await parts.hooks.metrics(), type: "text/plain; version=0.0.4; charset=utf-8")
            },
            always("/openapi.yaml") { _ in .text(OpenAPIDocument.text, type: "application/yaml; charset=utf-8") },
        ]
    }

    private func always(_ path: String, _ handler: @escaping @Sendable (Exchange) async throws -> Reply) -> Route {
        Route(.get, path, .open, answersWhileDraining: true, handler)
    }

    /// Ready when every part is and the server is not on its way out; otherwise 503 with the part that is not.
    private func readiness() async -> Reply {
        let states = await parts.hooks.readiness()
        let isReady = states.allSatisfy(\.isReady) && !drain.hasBegun
        return .object(status: isReady ? .ok : .serviceUnavailable) { writer in
            writer.field("status", isReady ? "ok" : drain.hasBegun ? "draining" : "degraded")
            writer.key("parts")
            writer.object { writer in
                for state in states {
                    writer.key(dynamic: state.name)
                    writer.object { writer in
                        writer.field("ready", state.isReady)
                        writer.field("detail", state.detail)
                    }
                }
            }
            writer.field("connections", parts.house.push.connectionCount)
        }
    }
}
