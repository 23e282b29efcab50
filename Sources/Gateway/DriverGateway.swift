package import DispatchCore
package import Fulfilment
package import HummingbirdCore
package import Logging
import ServiceLifecycle
import Synchronization

/// The gateway as `App` wires it: a server on one port for REST and sockets, and the service behind the sockets.
///
/// Make the ``ConnectionRegistry`` and the ``AdminHub`` first, build the house with ``RegistryPush`` and the hub as its
/// ways out, then this with the house's door.
package final class DriverGateway: Service {
    private let core: GatewayCore
    private let log: any EventLog

    package init(
        settings: GatewaySettings, clock: GatewayClock, door: any DriverDoor, verifier: any TokenVerifying,
        registry: ConnectionRegistry, admins: AdminHub, events: any EventLog, logger: Logger
    ) {
        log = events
        core = GatewayCore(
            settings: settings, clock: clock, door: door, verifier: verifier, registry: registry, log: events,
            admins: admins, logger: logger)
    }

    /// For Hummingbird's `Application(server:)`; wrap it with `.tls(…)` for TLS.
    package var server: HTTPServerBuilder {
        HTTPServerBuilder { responder in self.channel(responder) }
    }

    /// The child channel of `server`, for tests and for servers built by hand.
    package func channel(_ responder: @escaping HTTPChannelHandler.Responder) -> GatewayChannel {
        GatewayChannel(factory: VerdictFactory(core: core), responder: responder)
    }

    /// Serves joins, delivery marks, replays and the admins' feed until cancelled.
    package func run() async {
        await cancelWhenGracefulShutdown { await self.serve() }
        await core.recorder.flush()
    }

    private func serve() async {
        let core = core
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await core.joins.run() }
            group.addTask { await core.recorder.run(every: core.settings.markInterval, clock: core.clock) }
            group.addTask { await self.sweep() }
            group.addTask { await self.feedAdmins() }
        }
    }

    /// Closes every driver's socket with 1012, spread evenly over the drain's window, and answers new ones the same
    /// way.
    package func drain() {
        core.isDraining.store(true, ordering: .relaxed)
        let start = core.clock.read().uptime
        let sessions = core.registry.sessions()
        for (index, session) in sessions.enumerated() {
            let offset = core.settings.drainWindow * Int64(index) / Int64(max(sessions.count, 1))
            session.endpoint.deliver(.drain(closesAt: start + offset))
        }
    }

    /// Asks the event log, at a steady pace, for what lost hints missed.
    private func sweep() async {
        while !Task.isCancelled {
            do { try await core.clock.sleep(core.settings.sweepInterval) } catch { return }
            await sweepOnce()
        }
    }

    /// One look for undelivered events beyond what the sessions have sent.
    package func sweepOnce() async { await look(for: core.registry.sessions()) }

    /// The same for these drivers only, of whom somebody has said that there is something; for everybody when nobody
    /// is named.
    package func look(for drivers: [DriverID]) async {
        if drivers.isEmpty { return await sweepOnce() }
        await look(for: Set(drivers).compactMap { id in core.registry.session(of: id).map { (id, $0) } })
    }

    private func look(for sessions: [(driver: DriverID, endpoint: any SessionEndpoint)]) async {
        guard !sessions.isEmpty else { return }
        let sent = Dictionary(uniqueKeysWithValues: sessions.map { ($0.driver, $0.endpoint.sentThrough) })
        let missed: [DriverEvent]
        do {
            missed = core.recorder.unconfirmed(try await log.undelivered(beyond: sent, limit: 10_000))
        } catch {
            // The database is away; the next look will tell.
            return
        }
        let byDriver = Dictionary(grouping: missed, by: \.driverID)
        for (driver, endpoint) in sessions {
            guard let events = byDriver[driver] else { continue }
            endpoint.deliver(.replayed(events.sorted { $0.seq < $1.seq }))
        }
    }

    /// Writes the delivery marks that wait.
    package func recordMarks() async {
        await core.recorder.flush()
    }

    private func feedAdmins() async {
        var reminderDueAt = core.clock.read().uptime
        while !Task.isCancelled {
            do { try await core.clock.sleep(core.settings.adminInterval) } catch { return }
            let now = core.clock.read()
            if now.uptime >= reminderDueAt {
                reminderDueAt = now.uptime + core.settings.reminderInterval
                remindAdmins()
            }
            core.admins.flush(at: now)
        }
    }

    /// Has those shown to the admins again who stand still.
    package func remindAdmins() {
        guard core.admins.consoleCount > 0 else { return }
        core.admins.remind(of: core.door.sightings(), at: core.clock.read())
    }
}
