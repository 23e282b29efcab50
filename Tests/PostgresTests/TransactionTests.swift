import Postgres
import Synchronization
import TestSupport
import Testing

/// A counter that several tasks share.
private final class Flag: Sendable {
    private let value = Atomic<Int>(0)
    var count: Int { value.load(ordering: .acquiring) }
    func raise() { value.add(1, ordering: .acquiringAndReleasing) }
}

@Suite("Transactions")
struct TransactionTests {
    private struct Refused: Error {}

    private func withTable<Value: Sendable>(
        connections: Int = 4, _ body: (TestDatabase) async throws -> Value
    ) async throws -> Value {
        try await TestDatabase.with(connections: connections) { database in
            try await database.pool.script("CREATE TABLE t (a int8 PRIMARY KEY, b int8 NOT NULL)")
            try await database.pool.script("INSERT INTO t VALUES (1, 0), (2, 0)")
            return try await body(database)
        }
    }

    private func sum(_ database: TestDatabase) async throws -> Int {
        try await database.pool.query("SELECT sum(b)::int8 FROM t").only().get(0)
    }

    @Test func aBodyThatThrowsLeavesNoTrace() async throws {
        try await withTable(connections: 1) { database in
            await #expect(throws: Refused.self) {
                try await database.pool.transaction { connection in
                    try await connection.query("UPDATE t SET b = 9")
                    throw Refused()
                }
            }
            let total = try await sum(database)
            #expect(total == 0)
        }
    }

    @Test func aCancelledBodyLeavesNoTrace() async throws {
        try await withTable(connections: 1) { database in
            let entered = Flag()
            await withTaskGroup { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) {
                        try await database.pool.transaction { connection in
                            try await connection.query("UPDATE t SET b = 9")
                            entered.raise()
                            while !Task.isCancelled { await Task.yield() }
                        }
                    }
                }
                while entered.count == 0 { await Task.yield() }
                group.cancelAll()
            }
            let total = try await sum(database)
            #expect(total == 0)
        }
    }

    @Test func aBodyThatHidesAFailedStatementIsNotTakenForCommitted() async throws {
        try await withTable { database in
            let error = await #expect(throws: PostgresError.self) {
                try await database.pool.transaction { connection in
                    try await connection.query("UPDATE t SET b = 9")
                    _ = try? await connection.query("INSERT INTO t VALUES (1, 1)")
                }
            }
            #expect(error?.code == .uniqueViolation)
            let total = try await sum(database)
            #expect(total == 0)
        }
    }

    @Test func conflictingSerializableTransactionsAllHappen() async throws {
        try await withTable { database in
            try await withThrowingTaskGroup { group in
                for _ in 0..<3 {
                    group.addTask {
                        for _ in 0..<10 {
                            // The server may ask more often than a transaction is repeated; the caller then asks again.
                            while true {
                                do {
                                    try await increment(database)
                                    break
                                } catch let error as PostgresError where error.isRetryable {}
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let total = try await sum(database)
            #expect(total == 30)
        }
    }

    private func increment(_ database: TestDatabase) async throws {
        try await database.pool.transaction(isolation: .serializable) { connection in
            let value: Int64 = try await connection.query("SELECT b FROM t WHERE a = 1").only().get(0)
            try await connection.query("UPDATE t SET b = $1 WHERE a = 1", [.int8(value + 1)])
        }
    }

    @Test func aDeadlockIsResolvedByRepetition() async throws {
        try await withTable { database in
            let attempts = Flag()
            let arrived = Flag()
            try await withThrowingTaskGroup { group in
                for (first, second) in [(1, 2), (2, 1)] {
                    group.addTask {
                        try await database.pool.transaction { connection in
                            attempts.raise()
                            try await connection.query("UPDATE t SET b = b + 1 WHERE a = $1", [.int8(Int64(first))])
                            arrived.raise()
                            while arrived.count < 2 { await Task.yield() }
                            try await connection.query("UPDATE t SET b = b + 1 WHERE a = $1", [.int8(Int64(second))])
                        }
                    }
                }
                try await group.waitForAll()
            }
            let total = try await sum(database)
            #expect(total == 4)
            #expect(attempts.count == 3)
        }
    }

    @Test func aLinkCutDuringCommitIsReportedAsUnknown() async throws {
        try await withTable { database in
            // A deferred trigger makes COMMIT itself slow, so that the deadline falls into it.
            try await database.pool.script(
                """
                CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN \
                NULL; END $$;
                CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON t DEFERRABLE INITIALLY DEFERRED \
                FOR EACH ROW EXECUTE FUNCTION slow()
                """)
            let error = await #expect(throws: PostgresError.self) {
                try await database.pool.transaction(deadline: .milliseconds(300)) { connection in
                    try await connection.query("UPDATE t SET b = 1 WHERE a = 1")
                }
            }
            #expect(error?.code == .commitOutcomeUnknown)
        }
    }

    @Test func aConnectionIsOfNoUseAfterItsLoan() async throws {
        try await withTable { database in
            let escaped = try await database.pool.transaction { connection in
                try await connection.query("SELECT 1")
                return connection
            }
            let error = await #expect(throws: PostgresError.self) { try await escaped.query("SELECT 1") }
            #expect(error?.code == .closed)
        }
    }

    @Test func statementsAfterALostConnectionFailAndTheTransactionIsGone() async throws {
        try await withTable { database in
            let other = try database.anotherPool()
            let error = await #expect(throws: PostgresError.self) {
                try await database.pool.transaction { connection in
                    let process: Int = try await connection.query("SELECT pg_backend_pid()").only().get(0)
                    try await connection.query("UPDATE t SET b = 9")
                    try await other.query("SELECT pg_terminate_backend($1)", [.int4(Int32(process))])
                    try await connection.query("UPDATE t SET b = 10")
                }
            }
            #expect(error.map { $0.code == .connectionLost || $0.code.value == "57P01" } == true)
            let total = try await sum(database)
            #expect(total == 0)
            await other.close()
        }
    }
}
