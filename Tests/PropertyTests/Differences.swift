import DispatchCore
import Fulfilment

/// What in the store is not as the model says, and what no state may ever be.
struct Differences {
    let facts: Facts
    let model: Model
    /// What was handed to the drivers' sessions, ever.
    let pushed: [DriverEvent]

    var all: [String] { orders + drivers + streams + earnings }

    private var orders: [String] {
        var found: [String] = []
        if Set(facts.orders.keys) != Set(model.orders.keys) { found.append("orders appeared or vanished") }
        for (id, known) in model.orders.sorted(by: { $0.key < $1.key }) {
            guard let order = facts.orders[id] else { continue }
            if order.state != known.state { found.append("\(id) is \(order.state), not \(known.state)") }
            if order.assignment?.driverID != known.driver {
                found.append("\(id) is with \(order.assignment?.driverID.description ?? "nobody")")
            }
            if known.state.isHeld, order.assignment?.pinnedBy != known.pinnedBy { found.append("\(id): wrong pin") }
            if known.state.isHeld, order.assignment?.batchID != known.batch { found.append("\(id): wrong batch") }
            if order.state == .pending, order.assignment != nil { found.append("\(id) waits and has a driver") }
            if order.otpFailures != known.wrongTries { found.append("\(id): wrong count of wrong passwords") }
            if !order.state.isEnded, facts.exclusions[id] ?? [] != known.excluded {
                found.append("\(id): wrong exclusions")
            }
        }
        return found
    }

    private var drivers: [String] {
        model.accounts.sorted { $0.key < $1.key }.flatMap { id, known -> [String] in
            guard let account = facts.drivers[id] else { return ["driver \(id) is gone"] }
            var found: [String] = []
            if account.availability != known.availability { found.append("driver \(id) is \(account.availability)") }
            if account.standing != known.standing { found.append("driver \(id) is \(account.standing)") }
            if facts.fixes[id] != known.fixes { found.append("driver \(id): positions lost or doubled") }
            return found
        }
    }

    private var streams: [String] {
        var found: [String] = []
        for driver in model.driverIDs {
            let stream = facts.streams[driver] ?? []
            if stream.map(\.seq) != Array(1...max(stream.count, 1)).map(Int64.init).prefix(stream.count).map(\.self) {
                found.append("driver \(driver): gaps in the stream")
            }
            let heard = stream.map { Model.Heard($0.body) }
            let known = model.heard[driver] ?? []
            let news = Array(heard.dropFirst(known.count))
            if Array(heard.prefix(known.count)) != known { found.append("driver \(driver): the stream was rewritten") }
            let foreseen = model.foreseen[driver] ?? []
            if Self.counted(news) != Self.counted(foreseen) {
                found.append("driver \(driver) was told \(news), not \(foreseen)")
            }
        }
        let committed = facts.streams.values.reduce(0) { $0 + $1.count }
        if Set(pushed.map { [$0.driverID.rawValue, $0.seq] }).count != pushed.count || pushed.count != committed {
            found.append("\(committed) events were committed and \(pushed.count) pushed")
        }
        return found + believed
    }

    private static func counted(_ events: [Model.Heard]) -> [Model.Heard: Int] {
        events.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    /// Who must think that he has an order, from nothing but what he was told and did himself: at any time its holder
    /// alone.
    private var believed: [String] {
        var found: [String] = []
        for (driver, stream) in facts.streams {
            var last: [OrderID: DriverEventBody] = [:]
            for event in stream { last[OrderID(event.body.orderID)] = event.body }
            for (id, body) in last {
                guard let order = facts.orders[id] else { continue }
                let isHis = order.holder == driver
                switch body {
                case .orderAssigned:
                    // His own rejection, his delivery, and an admin's by hand need no telling.
                    let gaveBack = model.orders[id]?.excluded.contains(driver) ?? false
                    if !isHis, order.state != .delivered, !gaveBack {
                        found.append("driver \(driver) was told that he has \(id) and never that he has not")
                    }
                case .orderCancelled, .orderUnassigned:
                    if isHis { found.append("driver \(driver) has \(id) and was told that he has not") }
                }
            }
        }
        return found
    }

    private var earnings: [String] {
        var found: [String] = []
        let rows = Dictionary(grouping: facts.earnings, by: \.orderID)
        for (id, entries) in rows {
            if entries.count != 1 { found.append("\(id) is paid \(entries.count) times") }
            if entries.first?.driverID != model.paid[id] { found.append("\(id) is paid to the wrong driver") }
            if entries.first?.quote != facts.orders[id]?.assignment?.earnings { found.append("\(id): another amount") }
        }
        for id in model.paid.keys where rows[id] == nil { found.append("\(id) is not paid") }
        return found
    }
}
