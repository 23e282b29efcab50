package import DispatchCore
package import Fulfilment
import Postgres

extension Store {
    /// Begins a family, or is refused when the family has a live token.
    package func insertRefreshToken(_ token: RefreshToken) async throws {
        _ = try await speaking { try await pool.query([RefreshTokenRow.insertion(token)]) }
    }

    /// Decides and writes under a lock on the whole family.
    package func rotateRefreshToken(
        hash: [UInt8], decide: @Sendable @escaping (RefreshToken?) -> RefreshRotation
    ) async throws -> RefreshRotation {
        try await speaking {
            try await pool.transaction { connection in
                // The whole family is locked in one order: two uses of one token are decided one after the other.
                let rows = try await connection.query(
                    """
                    SELECT \(RefreshTokenRow.columns) FROM refresh_tokens \
                    WHERE family = (SELECT family FROM refresh_tokens WHERE hash = $1) ORDER BY hash FOR UPDATE
                    """, [.bytea(hash)])
                let family = try rows.map(RefreshTokenRow.token)
                let decision = decide(family.first { $0.hash == hash })
                switch decision {
                case .refuse: break
                case .revokeFamily(let at):
                    try await connection.query(
                        "UPDATE refresh_tokens SET revoked_at = COALESCE(revoked_at, $2) WHERE family = $1",
                        [.text(family.first?.family), .timestamp(at)])
                case .rotate(let successor, let at):
                    // A lost answer is asked for again within its grace: the token in that answer gives way to the new
                    // one, as if it had been used now, so that a family has one live token.
                    try await connection.query([
                        Statement(
                            """
                            UPDATE refresh_tokens SET rotated_at = COALESCE(rotated_at, $3), successor_hash = $4 \
                            WHERE family = $1 AND (hash = $2 OR (rotated_at IS NULL AND revoked_at IS NULL))
                            """, [.text(family.first?.family), .bytea(hash), .timestamp(at), .bytea(successor.hash)]),
                        RefreshTokenRow.insertion(successor),
                    ])
                }
                return decision
            }
        }
    }

    /// Repeating it changes nothing.
    package func revokeRefreshTokens(of principal: Principal, at now: Timestamp) async throws {
        _ = try await query(
            "UPDATE refresh_tokens SET revoked_at = $2 WHERE principal = $1 AND revoked_at IS NULL",
            [.text(principal), .timestamp(now)])
    }
}

enum RefreshTokenRow {
    static let columns =
        "hash, family, principal, issued_at, expires_at, rotated_at, successor_hash, revoked_at"

    static func token(_ row: Row) throws -> RefreshToken {
        var cells = row.cells
        let hash: [UInt8] = try cells.next()
        let family: String = try cells.next()
        guard let principal = Principal(text: try cells.next()) else {
            throw PostgresError(.decodingFailed, "a token has no principal")
        }
        var token = RefreshToken(
            hash: hash, family: family, principal: principal, issuedAt: try cells.time(), expiresAt: try cells.time())
        token.rotatedAt = try cells.optionalTime()
        token.successorHash = try cells.next()
        token.revokedAt = try cells.optionalTime()
        return token
    }

    static func insertion(_ token: RefreshToken) -> Statement {
        Statement(
            "INSERT INTO refresh_tokens (\(columns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                .bytea(token.hash), .text(token.family), .text(token.principal), .timestamp(token.issuedAt),
                .timestamp(token.expiresAt), .timestamp(token.rotatedAt), .bytea(token.successorHash),
                .timestamp(token.revokedAt),
            ])
    }
}
