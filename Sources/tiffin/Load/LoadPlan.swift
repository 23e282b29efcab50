package import DriverClient

/// One phone of a load run.
package struct LoadDriver: Sendable {
    let id: Int64
    let token: String

    package init(id: Int64, token: String) {
        self.id = id
        self.token = token
    }
}

/// What a load run does, and what it demands.
package struct LoadPlan: Sendable {
    var address: ServerAddress
    var trust: Trust
    var drivers: [LoadDriver]
    /// Time over which the connections are opened.
    var ramp: Duration
    /// Time at full load.
    package var duration: Duration
    var locationEvery: Duration
    var pingEvery: Duration
    /// Orders that an admin makes and assigns by hand per minute; none without an admin's token.
    var ordersPerMinute: Int
    var adminToken: String?
    /// Phones that lose their network and come back, per minute.
    package var reconnectsPerMinute = 0
    /// Event-loop threads of the clients.
    var threads: Int
    var seed: UInt64

    package init(
        address: ServerAddress, trust: Trust = .system, drivers: [LoadDriver], ramp: Duration = .seconds(5),
        duration: Duration = .seconds(60), locationEvery: Duration = .seconds(10), pingEvery: Duration = .seconds(30),
        ordersPerMinute: Int = 0, adminToken: String? = nil, threads: Int = 1, seed: UInt64 = 1
    ) {
        self.address = address
        self.trust = trust
        self.drivers = drivers
        self.ramp = ramp
        self.duration = duration
        self.locationEvery = locationEvery
        self.pingEvery = pingEvery
        self.ordersPerMinute = ordersPerMinute
        self.adminToken = adminToken
        self.threads = threads
        self.seed = seed
    }
}

/// Limits that decide the exit code, in milliseconds or counts; nil is not judged.
package struct LoadThresholds: Sendable {
    var connect: Double?
    var pong: Double?
    var push: Double?
    var failures: Int

    package init(connect: Double? = nil, pong: Double? = nil, push: Double? = nil, failures: Int = 0) {
        self.connect = connect
        self.pong = pong
        self.push = push
        self.failures = failures
    }

    /// One sentence per limit that was not kept.
    package func broken(by figures: LoadFigures.Summary) -> [String] {
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
