import DriverClient

/// One phone of a load run.
struct LoadDriver: Sendable {
    let id: Int64
    let token: String
}

/// What a load run does, and what it demands.
struct LoadPlan: Sendable {
    var address: ServerAddress
    var trust: Trust
    var drivers: [LoadDriver]
    /// Time over which the connections are opened.
    var ramp: Duration
    /// Time at full load.
    var duration: Duration
    var locationEvery: Duration
    var pingEvery: Duration
    /// Orders that an admin makes and assigns by hand per minute; none without an admin's token.
    var ordersPerMinute: Int
    var adminToken: String?
    /// Event-loop threads of the clients.
    var threads: Int
    var seed: UInt64
}

/// Limits that decide the exit code, in milliseconds or counts; nil is not judged.
struct LoadThresholds: Sendable {
    var connect: Double?
    var pong: Double?
    var push: Double?
    var failures: Int

    /// One sentence per limit that was not kept.
    func broken(by figures: LoadFigures.Summary) -> [String] {
        var sentences: [String] = []
        for (name, limit, measured) in [
            ("connect", connect, figures.connect), ("pong", pong, figures.pong), ("push", push, figures.push),
        ] {
            guard let limit else { continue }
            if measured.count == 0 {
                sentences.append("\(name) was never measured")
            } else if measured.p99 > limit {
                sentences.append("\(name) p99 is \(measured.p99) ms, over \(limit) ms")
            }
        }
        let failed = figures.failures
        if failed > failures { sentences.append("\(failed) failures, more than \(failures)") }
        return sentences
    }
}
