import DispatchCore
package import Fulfilment
import Store

/// Fills a trial's database: an admin who can log in, and drivers.
package struct TrialAccounts: Sendable {
    /// The number that the drivers' app of the examples uses; it has no simulated phone.
    package static let firstDriver: Int64 = 123

    private let server: Server
    private let folder: TrialFolder

    package init(_ server: Server, folder: TrialFolder) {
        self.server = server
        self.folder = folder
    }

    /// Makes what is missing; does nothing the second time.
    ///
    /// - Returns: All drivers by id, the one without a simulated phone first.
    package func fill(drivers count: Int, capacity: Int = 3) async throws -> [DriverAccount] {
        _ = try await server.accounts.createFirstAdmin(email: folder.adminEmail, password: folder.adminPassword)
        let present = try await server.house.accounts.drivers(standing: nil)
        if present.isEmpty { try await server.accounts.store.numberDrivers(from: DriverID(Self.firstDriver)) }
        if present.count < count {
            let hash = try await server.accounts.hash(folder.driverPassword)
            for number in present.count..<count {
                var draft = DriverDraft(
                    name: Self.name(number), phone: "+9190000" + Self.padded(number), email: Self.identity(number),
                    passwordHash: hash)
                draft.capacity = capacity
                server.house.fleet.update(try await server.house.accounts.createDriver(draft, at: server.house.now()))
            }
        }
        return try await server.house.accounts.drivers(standing: nil).sorted { $0.id < $1.id }
    }

    static func identity(_ number: Int) -> String { "driver\(Self.firstDriver + Int64(number))@tiffin.local" }

    private static func padded(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 6 - text.count)) + text
    }

    private static func name(_ number: Int) -> String {
        let first = ["Ravi", "Sunil", "Farhan", "Manoj", "Priya", "Anil", "Deepa", "Vikram", "Salma", "George"]
        return "\(first[number % first.count]) \(Self.firstDriver + Int64(number))"
    }
}
