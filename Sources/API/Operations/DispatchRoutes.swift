import Contract
import DispatchCore
import Fulfilment
import HTTPTypes

/// The engine, seen from outside: run it now, ask it why.
struct DispatchRoutes: RouteGroup {
    private let house: House

    init(_ parts: API.Parts) {
        house = parts.house
    }

    var routes: [Route] {
        [
            Route(.post, "/api/v1/dispatch/run", .admin) { _ in
                guard !house.rounds.isStandingBy else { throw Problems.standingBy }
                house.rounds.raise(.byHand)
                return .object(status: .accepted) { writer in
                    writer.field("status", "accepted")
                    writer.field("message", "A round starts now.")
                }
            },
            Route(.get, "/api/v1/dispatch/ticks/{id}", .admin, replay),
            Route(.get, "/api/v1/orders/{id}/explain", .admin, explain),
        ]
    }

    /// Planning again takes as long as the tick took, on threads that serve nobody else.
    private func replay(_ exchange: Exchange) async throws -> Reply {
        guard let replay = try await ReplayTick(house)(try exchange.id("id")) else { throw Problems.notFound }
        return .object { writer in
            writer.field("tick", replay.tick)
            writer.field("decided_at", milliseconds: replay.startedAt.milliseconds)
            writer.field("policy_version", replay.policyVersion)
            writer.field("solve_us", replay.solveMicroseconds)
            writer.field("replayed", replay.outcome == .same)
            writer.field("is_readable", replay.isReadable)
            writer.field("detail", replay.words)
            writer.field("batch_count", replay.stored.map { Int64($0.batches) })
            writer.field("order_count", replay.stored.map { Int64($0.orders) })
            writer.field("waiting_count", replay.stored.map { Int64($0.waiting) })
            writer.field("cost_ms", replay.stored?.cost.value)
            writer.field("bound_ms", replay.stored?.bound?.value)
            writer.field("gap_per_mille", replay.stored?.gapPerMille)
            writer.field("is_proven_optimal", replay.stored?.isProvenOptimal)
            writer.field("is_degraded", replay.stored?.isDegraded)
        }
    }

    private func explain(_ exchange: Exchange) async throws -> Reply {
        let id = OrderID(try exchange.id("id"))
        guard let order = try await house.orders.order(id) else { throw FulfilmentError.unknownOrder(id) }
        let newest = try await ExplainOrder(house)(id)
        return .object { writer in
            writer.field("order_id", id.rawValue)
            writer.field("status", order.state.rawValue)
            writer.field("driver_id", order.assignment?.driverID.rawValue)
            writer.field("source", order.assignment?.source.rawValue)
            writer.field("pinned_by", order.assignment?.pinnedBy?.rawValue)
            writer.field("waiting_since", milliseconds: order.state == .pending ? order.pooledAt.milliseconds : nil)
            writer.key("decision")
            guard let (tick, decision) = newest else {
                writer.null()
                return
            }
            write(decision, of: tick, to: &writer)
        }
    }

    private func write(_ decision: OrderDecision, of tick: TickRecord, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("tick", tick.id)
            writer.field("decided_at", milliseconds: tick.startedAt.milliseconds)
            writer.field("policy_version", tick.policyVersion)
            writer.field("zone_id", decision.zone)
            writer.field("zone_policy_version", decision.zonePolicyVersion)
            writer.field("solve_us", tick.solveMicroseconds)
            let figures = tick.figures
            writer.field("is_degraded", figures?.isDegraded)
            writer.field("gap_per_mille", figures?.gapPerMille)
            writer.field("outcome", decision.outcome)
            writer.field("held_by", decision.heldBy.isEmpty ? nil : decision.heldBy)
            writer.field("driver_id", decision.driver)
            writer.field("batch_id", decision.batch)
            writer.field("trigger", decision.trigger)
            writer.field("tell_at", milliseconds: decision.tellAt?.milliseconds)
            writer.field("asked_ways", decision.askedWays)
            writer.field("estimated_ways", decision.estimatedWays)
            writer.key("terms")
            write(decision.terms, value: "value_ms", to: &writer)
            writer.key("refusal_counts")
            write(decision.refusalCounts, value: "drivers", to: &writer)
            writer.field("is_replayed", decision.study?.isReplayed)
            writer.field("released_by", decision.study?.releasedBy)
            // Without a study there is only what the tick itself noted: differences with the rest of the plan fixed.
            writer.field("differences", decision.study == nil ? "rest_fixed" : "whole_plan")
            writer.key("alternatives")
            writer.array(decision.study?.alternatives ?? decision.alternatives) { writer, other in
                writer.object { writer in
                    writer.field("driver_id", other.driver)
                    writer.field("difference_ms", other.difference)
                    writer.field("is_possible", other.isPossible)
                }
            }
            writer.key("refused")
            writer.array(decision.study?.refused ?? decision.refused) { writer, refusal in
                writer.object { writer in
                    writer.field("driver_id", refusal.driver)
                    writer.field("rule", refusal.rule)
                    writer.field("reason", refusal.words)
                }
            }
        }
    }

    private func write(_ costs: [OrderDecision.NamedCost], value: StaticString, to writer: inout JSONWriter) {
        writer.array(costs) { writer, cost in
            writer.object { writer in
                writer.field("name", cost.name)
                writer.field(value, cost.value)
            }
        }
    }
}
