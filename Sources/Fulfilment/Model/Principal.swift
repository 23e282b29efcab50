package import DispatchCore

/// Who asks for something. The audit keeps it with every change.
package enum Principal: Hashable, Sendable {
    case driver(DriverID)
    case admin(AdminID)
    /// The dispatch engine and the sweeps.
    case engine
    /// An integration that places orders, named by its key.
    case integration(String)

    package var isAdmin: Bool {
        if case .admin = self { true } else { false }
    }
}
