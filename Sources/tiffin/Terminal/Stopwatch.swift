/// Measures elapsed time for the commands that report durations; the one real clock outside the server.
struct Stopwatch: Sendable {
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant

    init() { start = clock.now }

    /// Time since the stopwatch was made. It never runs backwards.
    var elapsed: Duration { clock.now - start }

    /// Seconds since the stopwatch was made.
    var seconds: Double { Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18 }
}
