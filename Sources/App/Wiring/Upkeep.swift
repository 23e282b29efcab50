import DispatchCore
import Fulfilment
import Geo
import Glibc
import Identity
import Logging
import Postgres
import Store

/// What operators do to a database without a server.
package enum Upkeep {
    /// Brings the schema up to date.
    ///
    /// - Returns: The steps that were applied now.
    /// - Throws: ``ConfigurationError`` when the database does not answer.
    package static func migrate(_ configuration: AppConfiguration) async throws -> [Int] {
        let pool = try await Database.reached(configuration)
        do {
            let steps = try await Migrator(pool: pool).migrate()
            await pool.close()
            return steps
        } catch {
            await pool.close()
            throw error
        }
    }

    /// Opens the database for work on accounts and closes it again.
    package static func withAccounts(
        _ configuration: AppConfiguration, _ work: (AccountDesk) async throws -> Void
    ) async throws {
        let log = Logger(label: "tiffin") { _ in SwiftLogNoOpLogHandler() }
        let database = try await Database.opened(configuration, log: log)
        let identity = try await IdentityParts(configuration, cheap: false)
        let desk = AccountDesk(
            store: database.store, hasher: identity.hasher, issuer: identity.issuer, now: { RealWorld.now() })
        do {
            try await work(desk)
        } catch {
            await database.pool.close()
            throw error
        }
        await database.pool.close()
    }

    /// A judgement with its sentence.
    package struct Verdict: Sendable {
        package let isGood: Bool
        package let sentence: String
    }

    /// Whom a token speaks for, or why it is refused.
    package static func check(token: String, _ configuration: AppConfiguration) async throws -> Verdict {
        let identity = try await IdentityParts(configuration, cheap: true)
        do {
            let claims = try identity.verifier.verify(token, at: RealWorld.now().milliseconds)
            let minutes = (claims.expiresAt - RealWorld.now().milliseconds) / 60_000
            return Verdict(
                isGood: true,
                sentence: "\(claims.bearer.role.rawValue) \(claims.bearer.id), good for \(minutes) min more")
        } catch {
            return Verdict(isGood: false, sentence: "refused: \(error)")
        }
    }

    /// Plans a stored tick again and says whether that gives the stored plan.
    ///
    /// - Returns: Nil where no such tick is stored.
    /// - Throws: ``ConfigurationError``, ``StoreError``.
    package static func replay(tick id: Int64, _ configuration: AppConfiguration) async throws -> Verdict? {
        let pool = try await Database.reached(configuration)
        do {
            let tick = try await Store(pool: pool).tick(id)
            await pool.close()
            return tick.map { Verdict(TickReplay($0)) }
        } catch {
            await pool.close()
            throw error
        }
    }

    /// Whether the database answers.
    package static func databaseHealth(_ configuration: AppConfiguration) async -> Verdict {
        do {
            let pool = try Database.pool(configuration)
            let verdict: Verdict
            do {
                try await pool.check(deadline: .seconds(5))
                verdict = Verdict(isGood: true, sentence: "answers")
            } catch {
                verdict = Verdict(
                    isGood: false, sentence: "does not answer: check DATABASE_URL and that PostgreSQL runs")
            }
            await pool.close()
            return verdict
        } catch {
            return Verdict(isGood: false, sentence: "\(error)")
        }
    }

    /// Whether the OSRM server answers, in one sentence; nil where none is set.
    package static func routingHealth(_ configuration: AppConfiguration) async -> Verdict? {
        guard let routing = configuration.routing else { return nil }
        let service = RoutingService(
            routing, estimator: { TravelTimeEstimator() },
            log: Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() })
        let isAnswering = await service.isAnswering()
        await service.close()
        return Verdict(
            isGood: isAnswering,
            sentence: isAnswering ? "answers" : "does not answer at \(routing.address); travel times are estimated")
    }

    /// Where the private PostgreSQL would come from; nil when none is installed.
    package static func installedPostgres() -> String? {
        PrivateCluster.installedBinaries
    }

    /// Files and sockets that this process may have open.
    package static func openFileLimit() -> Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }

    /// Lets this process open as many files and sockets as it is allowed to: every socket of a driver is one, and the
    /// soft limit of a shell or a service manager is often 1024.
    ///
    /// - Returns: The limit as it is now.
    @discardableResult
    package static func raiseOpenFileLimit() -> Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        return openFileLimit()
    }
}

extension Upkeep.Verdict {
    fileprivate init(_ replay: TickReplay) {
        let figures = replay.stored.map { plan in
            let gap = plan.gapPerMille.map { ", gap \(Double($0) / 10) %" } ?? ""
            return " (policy \(replay.policyVersion), \(plan.orders) orders in \(plan.batches) batches, "
                + "\(plan.waiting) waiting\(gap)\(plan.isDegraded ? ", degraded" : ""))"
        }
        let words =
            switch replay.outcome {
            case .same: "the same plan, byte for byte"
            case .different: "another plan"
            case .unreadable: "its record was written by another version"
            }
        self.init(isGood: replay.outcome == .same, sentence: "tick \(replay.tick): \(words)\(figures ?? "")")
    }
}
