/// One sentence for each metric, shown as HELP.
enum MetricHelp {
    static func text(for metric: String) -> String {
        sentences[metric] ?? "See the operators' page of the documentation."
    }

    private static let sentences: [String: String] = [
        "dispatch_tick_duration_seconds": "Time to make a plan.",
        "dispatch_ticks_total": "Dispatch ticks run.",
        "dispatch_degraded_ticks_total": "Ticks whose work ran out before every order had been tried everywhere.",
        "dispatch_plan_gap_ratio": "Cost of the last plan above its lower bound, as a share of the bound.",
        "dispatch_conflicts_total": "Orders whose planned batch no longer fitted when it was committed.",
        "pool_orders": "Orders waiting at the last tick.",
        "pool_oldest_age_seconds": "Wait of the oldest order in the pool at the last tick.",
        "location_updates_total": "Positions received, by result.",
        "location_dropped_total": "Positions that gave way in a full buffer.",
        "location_stored_total": "Positions written to the history.",
        "location_flush_failures_total": "Writes of positions that the database refused.",
        "location_poison_total": "Positions that the database would never take, dropped one by one.",
        "dispatch_parked_batches_total": "Planned batches that the database refused, left out of their round.",
        "log_lines_dropped_total": "Log lines that found no room in the queue towards the output.",
        "event_marks_repeated_total": "Events that the database offered again although their phone has them.",
        "orders_with_lost_drivers": "Orders that only an admin may move, with drivers who give no sign of life.",
        "assignments_undelivered": "Assignments that their drivers do not know of after a minute.",
        "location_waiting": "Positions that wait for the database.",
        "dispatch_travel_ways_total": "Ways between the places of a tick, routed or estimated.",
        "osrm_requests_total": "Requests to the routing server, by outcome.",
        "server_hints_lost_total": "Hints to other servers on the database that could not be told.",
        "presence_dropped_total": "Arrivals and departures that gave way in a full list.",
    ]
}
