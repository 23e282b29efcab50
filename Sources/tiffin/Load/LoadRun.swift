import Contract
import DriverClient

/// Opens the phones, keeps them talking for the given time, and measures.
///
/// Positions and pings go out on a fixed beat whether or not the server keeps up, so slow answers do not thin the load.
package enum LoadRun {
    /// Beats per second; each phone has its place in the interval.
    private static let beat = Duration.milliseconds(10)
    private static let openingAtOnce = 128

    /// Runs the plan.
    ///
    /// - Parameter onProgress: Called about every ten seconds with a sentence for a person.
    package static func run(
        _ plan: LoadPlan, onProgress: @Sendable (String) -> Void
    ) async throws -> LoadFigures.Summary {
        let figures = LoadFigures()
        let client = try WireClient(plan.address, trust: plan.trust, threads: plan.threads)
        let phones = plan.drivers.map { LoadPhone($0, figures: figures) }
        await open(phones, with: client, over: plan.ramp)
        onProgress("\(figures.connected) of \(phones.count) connected")
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let token = plan.adminToken, plan.ordersPerMinute > 0 {
                group.addTask { try await order(plan, with: client, token: token, figures: figures) }
            }
            if plan.reconnectsPerMinute > 0 {
                group.addTask { try await churn(plan, phones, with: client) }
            }
            try await keepBeat(plan, phones, figures, onProgress)
            try await group.waitForAll()
        }
        // What is still on its way is given a second to arrive.
        try await Task.sleep(for: .seconds(1))
        figures.unanswered(pings: phones.reduce(0) { $0 + $1.openPings })
        for phone in phones { phone.leave() }
        for _ in 0..<30 where figures.connected > 0 { try await Task.sleep(for: .milliseconds(100)) }
        for phone in phones { phone.drop() }
        let summary = figures.summary
        await client.shutdown()
        return summary
    }

    private static func open(_ phones: [LoadPhone], with client: WireClient, over ramp: Duration) async {
        let watch = Stopwatch()
        await withTaskGroup(of: Void.self) { group in
            for (index, phone) in phones.enumerated() {
                if index >= openingAtOnce { await group.next() }
                let due = ramp.seconds * Double(index) / Double(phones.count)
                let early = due - watch.seconds
                if early > 0 { try? await Task.sleep(for: .seconds(early)) }
                group.addTask { await phone.connect(with: client) }
            }
        }
    }

    private static func keepBeat(
        _ plan: LoadPlan, _ phones: [LoadPhone], _ figures: LoadFigures, _ onProgress: (String) -> Void
    ) async throws {
        let watch = Stopwatch()
        let begin = figures.now
        let locationBeats = max(1, Int(plan.locationEvery.seconds / beat.seconds))
        let pingBeats = max(1, Int(plan.pingEvery.seconds / beat.seconds))
        let end = Int(plan.duration.seconds / beat.seconds)
        for count in 0..<end {
            for index in stride(from: count % locationBeats, to: phones.count, by: locationBeats) {
                phones[index].sendPosition()
            }
            for index in stride(from: count % pingBeats, to: phones.count, by: pingBeats) {
                phones[index].ping(due: begin + UInt64(Double(count) * beat.seconds * 1e6))
            }
            if count % 1000 == 999 {
                onProgress(
                    "\(Int(watch.seconds)) s: \(figures.connected) connected, pong p99 \(figures.summary.pong.p99) ms")
            }
            let early = Double(count + 1) * beat.seconds - watch.seconds
            if early > 0 { try await Task.sleep(for: .seconds(early)) }
        }
    }

    /// Takes the network away from one phone after the other, round and round, at an even pace; the last two seconds
    /// are left for them to come back.
    private static func churn(_ plan: LoadPlan, _ phones: [LoadPhone], with client: WireClient) async throws {
        let watch = Stopwatch()
        let count = Int(Double(plan.reconnectsPerMinute) * (plan.duration.seconds - 2) / 60)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<max(count, 0) {
                let early = Double(number) * 60 / Double(plan.reconnectsPerMinute) - watch.seconds
                if early > 0 { try await Task.sleep(for: .seconds(early)) }
                if number >= openingAtOnce { try await group.next() }
                group.addTask { await phones[number % phones.count].reconnect(with: client) }
            }
        }
    }

    /// Makes orders at an even pace and gives each to a driver drawn by the seed.
    private static func order(
        _ plan: LoadPlan, with client: WireClient, token: String, figures: LoadFigures
    ) async throws {
        var dice = Dice(seed: plan.seed)
        let watch = Stopwatch()
        for count in 0..<Int(Double(plan.ordersPerMinute) * plan.duration.seconds / 60) {
            let early = Double(count) * 60 / Double(plan.ordersPerMinute) - watch.seconds
            if early > 0 { try await Task.sleep(for: .seconds(early)) }
            let driver = plan.drivers[Int.random(in: 0..<plan.drivers.count, using: &dice)]
            do {
                let order = try await HandOrder.create(client, token: token, customer: "Load \(count)")
                figures.due(order: order)
                try await HandOrder.assign(order, to: driver.id, client, token: token)
            } catch {
                figures.failedOrder(error)
            }
        }
    }
}
