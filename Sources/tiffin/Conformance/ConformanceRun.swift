import DriverClient

/// Runs the lines one after another against one server.
package enum ConformanceRun {
    /// Tests a server and returns every verdict.
    ///
    /// - Parameter onVerdict: Called after each line, so that a person sees the run move.
    /// - Throws: only when the trust roots cannot be read; whatever the server does wrong is a verdict.
    package static func run(
        _ plan: ConformancePlan, onVerdict: @Sendable (ConformanceLine, Verdict) -> Void = { _, _ in }
    ) async throws -> ConformanceReport {
        let client = try WireClient(plan.address, trust: plan.trust)
        var verdicts: [(line: ConformanceLine, verdict: Verdict)] = []
        func record(_ line: ConformanceLine, _ verdict: Verdict) {
            verdicts.append((line, verdict))
            onVerdict(line, verdict)
        }
        do {
            let log = plan.log.map { LogWatch(path: $0) }
            let stage = try await Stage(client: client, plan: plan)
            for line in plan.lines { record(line, await judge(line, stage, log)) }
            await stage.strike()
        } catch {
            // Without the three log-ins nothing can be tested, so nothing is proved.
            let seen = "could not sign in: \(describe(error))"
            for line in plan.lines {
                let isSkipped = line == .certificate && !plan.address.isSecure
                record(line, isSkipped ? .skip(needsHTTPS) : .fail(seen))
            }
        }
        await client.shutdown()
        return ConformanceReport(verdicts: verdicts)
    }

    private static func judge(_ line: ConformanceLine, _ stage: Stage, _ log: LogWatch?) async -> Verdict {
        do {
            return .pass(try await check(line, stage, log))
        } catch let skipped as Skipped {
            return .skip(skipped.reason)
        } catch {
            return .fail(describe(error))
        }
    }

    private static func check(_ line: ConformanceLine, _ stage: Stage, _ log: LogWatch?) async throws -> String {
        switch line {
        case .validToken: try await stage.validToken()
        case .invalidToken: try await stage.invalidToken()
        case .savedPositions: try await stage.savedPositions()
        case .promptOrder: try await stage.promptOrder()
        case .keepAlive: try await stage.keepAlive()
        case .reconnection: try await stage.reconnection()
        case .certificate: try await stage.certificate()
        case .simultaneous: try await stage.simultaneous()
        case .onlyOwnOrders: try await stage.onlyOwnOrders()
        case .everyConnection: try await stage.everyConnection()
        case .duplicate: try await stage.duplicate()
        case .cancellation: try await stage.cancellation()
        case .badMessages: try await stage.badMessages()
        case .idle: try await stage.idle()
        case .events: try await stage.events(log)
        case .rateLimit: try await stage.rateLimit()
        }
    }

    static let needsHTTPS = "needs an https URL"

    private static func describe(_ error: any Error) -> String {
        (error as? Fault)?.seen ?? "\(error)"
    }
}
