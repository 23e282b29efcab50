import Fulfilment
package import Postgres

/// The ports of `Fulfilment` on PostgreSQL.
///
/// It holds no business rule: it locks rows, hands them to the caller's pure decision and writes what comes back,
/// with the schema's constraints as the last word. One value serves every port; it is a pool with words around it.
package struct Store: Sendable {
    let pool: ConnectionPool
    package let openLoads = OpenLoads()

    package init(pool: ConnectionPool) {
        self.pool = pool
    }

    /// Runs `work` and turns what the database says into the ports' errors. Errors of the caller's own pass unchanged.
    func speaking<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as PostgresError {
            throw StoreError(error)
        }
    }

    func query(_ sql: String, _ parameters: [Parameter] = []) async throws -> Rows {
        try await speaking { try await pool.query(sql, parameters) }
    }
}

extension StoreError {
    /// The classes of the server's errors that are data of ours: taken values, broken constraints, a stale fence.
    init(_ error: PostgresError) {
        let place = error.constraint ?? error.table ?? ""
        let code: Code
        switch error.code.value {
        case "TF001": code = .staleFence
        case "23505" where Self.takenValues.contains(place): code = .duplicate
        case let value where value.hasPrefix("23") || value.hasPrefix("TF") || value.hasPrefix("22"): code = .constraint
        default:
            let isUnknown = error.code == .commitOutcomeUnknown || error.mayHaveCommitted
            code = isUnknown ? .outcomeUnknown : .unavailable
        }
        self.init(code, detail: error.description)
    }

    /// Unique values that people choose.
    private static let takenValues: Set<String> = [
        "admins_email", "drivers_email", "drivers_phone_key", "restaurants_external_id_key", "orders_external_id_key",
        "zones_name_key", "pools_external_id_key",
    ]
}
