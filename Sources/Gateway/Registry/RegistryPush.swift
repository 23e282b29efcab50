package import DispatchCore
package import Fulfilment

/// The house's way to the phones: finds the drivers' sessions and leaves the events at their doors.
package struct RegistryPush: DriverPush {
    private let registry: ConnectionRegistry

    package init(_ registry: ConnectionRegistry) {
        self.registry = registry
    }

    package func push(_ events: [DriverEvent]) {
        var index = 0
        while index < events.count {
            let driver = events[index].driverID
            var end = index + 1
            while end < events.count, events[end].driverID == driver { end += 1 }
            registry.session(of: driver)?.deliver(.pushed(Array(events[index..<end])))
            index = end
        }
    }

    package func cutOff(_ driver: DriverID, because reason: CutOffReason) {
        let close: CloseReason =
            switch reason {
            case .blocked: .driverBlocked
            case .loggedOut: .loggedOut
            case .passwordChanged: .passwordChanged
            }
        registry.session(of: driver)?.deliver(.end(close))
    }

    /// Ends the driver's session if its token is of an earlier epoch: what another program revoked. A session that was
    /// opened since stays.
    package func revoke(_ driver: DriverID, before epoch: Int64) {
        registry.session(of: driver)?.deliver(.revoked(before: epoch))
    }

    package func isConnected(_ driver: DriverID) -> Bool { registry.session(of: driver) != nil }

    package var connectionCount: Int { registry.count }
}

extension RegistryPush: DriverSessions {
    package func openings(after number: UInt64) -> [SessionOpening] { registry.openings(after: number) }

    package func connectedDrivers() -> [DriverID] { registry.sessions().map(\.driver) }

    package func takeOver(_ driver: DriverID, through number: UInt64) {
        registry.session(of: driver, through: number)?.deliver(.end(.takenOver))
    }
}
