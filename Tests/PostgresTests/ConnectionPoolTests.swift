import Postgres
import TestSupport
import Testing

@Suite("Connection pool on a real server")
struct ConnectionPoolTests {
    @Test func valuesOfEveryTypeComeBackAsTheyWent() async throws {
        try await TestDatabase.with { database in
            let rows = try await database.pool.query(
                """
                SELECT $1::int8, $2::int4, $3::int2, $4::float8, $5::float4, $6::bool, $7::text, $8::bytea, \
                $9::timestamptz, $10::numeric, $11::uuid, $12::jsonb, $13::text, $14::date::text
                """,
                [
                    .int8(.min), .int4(.max), .int2(-3), .float8(-0.1), .float4(1.5), .bool(true), .text("crème 🍛"),
                    .bytea([0, 255, 7]), .timestamp(milliseconds: -1), .numeric("-1234567.00890"),
                    .uuid("0F8FAD5B-D9CB-469F-A165-70867728950E"), .jsonb(#"{"a": [1]}"#), .text(""),
                    .date("2026-02-28"),
                ])
            var cells = try rows.only().cells
            #expect(try cells.next(Int64.self) == .min)
            #expect(try cells.next(Int.self) == Int(Int32.max))
            #expect(try cells.next(Int64.self) == -3)
            #expect(try cells.next(Double.self) == -0.1)
            #expect(try cells.next(Double.self) == 1.5)
            #expect(try cells.next(Bool.self))
            #expect(try cells.next(String.self) == "crème 🍛")
            #expect(try cells.next([UInt8].self) == [0, 255, 7])
            #expect(try cells.next(Int64.self) == -1)
            #expect(try cells.next(String.self) == "-1234567.00890")
            #expect(try cells.next(String.self) == "0f8fad5b-d9cb-469f-a165-70867728950e")
            #expect(try cells.next(String.self) == #"{"a": [1]}"#)
            #expect(try cells.next(String.self) == "")
            #expect(try cells.next(String.self) == "2026-02-28")
        }
    }

    @Test func nullIsNilForOptionalsAndAnErrorForOthers() async throws {
        try await TestDatabase.with { database in
            let row = try await database.pool.query("SELECT $1::int8", [.int8(nil)]).only()
            #expect(try row.get(0, as: Int64?.self) == nil)
            #expect(throws: PostgresError.self) { try row.get(0, as: Int64.self) }
            #expect(throws: PostgresError.self) { try row.get(0, as: String.self) }
        }
    }

    @Test func numericsAreReadDigitByDigit() async throws {
        try await TestDatabase.with { database in
            let texts = [
                "0", "-0.00000001", "10000", "9999.9999", "0.0001", "123456789012345678901234567890.5", "NaN",
                "90.00000000",
            ]
            let rows = try await database.pool.query("SELECT t::numeric FROM UNNEST($1::text[]) t", [.textArray(texts)])
            #expect(try rows.map { try $0.get(0, as: String.self) } == texts)
        }
    }

    @Test func arraysCarryNullsThroughUnnestAndBack() async throws {
        try await TestDatabase.with { database in
            let rows = try await database.pool.query(
                """
                SELECT * FROM UNNEST($1::int8[], $2::float8[], $3::text[], $4::timestamptz[], $5::bool[], $6::int4[], \
                $7::bytea[])
                """,
                [
                    .int8Array([1, nil, 3]), .float8Array([nil, 2.5, -0.0]), .textArray(["a", nil, "ü"]),
                    .timestampArray(milliseconds: [0, nil, 1_700_000_000_123]), .boolArray([true, false, nil]),
                    .int4Array([7, 8, nil]), .byteaArray([[1], nil, []]),
                ])
            #expect(rows.count == 3)
            #expect(try rows.map { try $0.get(0, as: Int64?.self) } == [1, nil, 3])
            #expect(try rows.map { try $0.get(1, as: Double?.self) } == [nil, 2.5, -0.0])
            #expect(try rows.map { try $0.get(2, as: String?.self) } == ["a", nil, "ü"])
            #expect(try rows.map { try $0.get(3, as: Int64?.self) } == [0, nil, 1_700_000_000_123])
            let arrays = try await database.pool.query("SELECT '{1,NULL,3}'::int8[], '{}'::text[], '{x,y}'::text[]")
                .only()
            #expect(try arrays.get(0, as: [Int64?].self) == [1, nil, 3])
            #expect(try arrays.get(1, as: [String].self) == [])
            #expect(try arrays.get(2, as: [String].self) == ["x", "y"])
        }
    }

    @Test func copyLoadsRowsAndRefusesAllOfThemWhenOneIsBad() async throws {
        try await TestDatabase.with { database in
            try await database.pool.script("CREATE TABLE t (a int8 PRIMARY KEY, b float8, c timestamptz)")
            var rows = CopyRows()
            for index in 0..<20_000 {
                rows.append([.int8(Int64(index)), .float8(index % 7 == 0 ? nil : 0.5), .timestamp(milliseconds: 1)])
            }
            let sql = "COPY t (a, b, c) FROM STDIN (FORMAT binary)"
            #expect(try await database.pool.copy(sql, rows: rows) == 20_000)
            var more = CopyRows()
            more.append([.int8(30_000), .float8(nil), .timestamp(milliseconds: nil)])
            more.append([.int8(5), .float8(nil), .timestamp(milliseconds: nil)])
            await #expect(throws: PostgresError.self) { try await database.pool.copy(sql, rows: more) }
            let count: Int = try await database.pool.query("SELECT count(*) FROM t").only().get(0)
            #expect(count == 20_000)
        }
    }

    @Test func statementsSentTogetherAreOneTransaction() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await database.pool.script("CREATE TABLE t (a int8 PRIMARY KEY)")
            let insert = "INSERT INTO t VALUES ($1)"
            let error = await #expect(throws: PostgresError.self) {
                try await database.pool.query([
                    Statement(insert, [.int8(1)]), Statement(insert, [.int8(1)]), Statement(insert, [.int8(2)]),
                ])
            }
            #expect(error?.code == .uniqueViolation)
            #expect(error?.constraint == "t_pkey")
            #expect(try await database.pool.query("SELECT count(*) FROM t").only().get(0, as: Int.self) == 0)
            let answers = try await database.pool.query([Statement(insert, [.int8(1)]), Statement(insert, [.int8(2)])])
            #expect(answers.map(\.affected) == [1, 1])
        }
    }

    @Test func errorsNeverRepeatArguments() async throws {
        try await TestDatabase.with { database in
            let secret = "eyJsecret"
            for sql in ["SELECT $1::text::int8", "SELECT ($1::text)::jsonb", "SELECT ($1::text)::uuid"] {
                let error = await #expect(throws: PostgresError.self) {
                    try await database.pool.query(sql, [.text(secret)])
                }
                let described = error.map(String.init(describing:)) ?? ""
                #expect(!described.contains(secret))
                #expect(described.contains("22P02"))
            }
            try await database.pool.script("CREATE TABLE t (a text PRIMARY KEY)")
            try await database.pool.query("INSERT INTO t VALUES ($1)", [.text(secret)])
            let error = await #expect(throws: PostgresError.self) {
                try await database.pool.query("INSERT INTO t VALUES ($1)", [.text(secret)])
            }
            #expect(error.map { "\($0)".contains("t_pkey") && !"\($0)".contains(secret) } == true)
        }
    }

    @Test func aMissedDeadlineFreesTheServerAndTheNextCallWorks() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let started = MonotonicTime.read()
            let error = await #expect(throws: PostgresError.self) {
                try await database.pool.query("SELECT pg_sleep(60)", deadline: .milliseconds(200))
            }
            #expect(error?.code == .deadlineExceeded)
            #expect(error?.mayHaveCommitted == true)
            #expect(MonotonicTime.read().duration(since: started) < .seconds(2))
            #expect(try await database.pool.query("SELECT 1").only().get(0, as: Int.self) == 1)
            // The cancel request ends the sleeping statement on the server too.
            try await eventually(within: .seconds(5)) {
                try await database.pool.query(
                    """
                    SELECT 1 FROM pg_stat_activity \
                    WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid() AND state = 'active'
                    """
                ).isEmpty
            }
        }
    }

    @Test func waitersAreServedInOrderUpToTheLimitAndTheirDeadlines() async throws {
        try await TestDatabase.with(connections: 1, waiterLimit: 1) { database in
            try await withThrowingTaskGroup { group in
                try await database.pool.withConnection { connection in
                    try await connection.query("SELECT 1")
                    let late = await #expect(throws: PostgresError.self) {
                        try await database.pool.query("SELECT 2", deadline: .milliseconds(50))
                    }
                    #expect(late?.code == .unavailable)
                    group.addTask { try await database.pool.query("SELECT 3") }
                    try await eventually(within: .seconds(5)) { database.pool.snapshot.waiting == 1 }
                    let refused = await #expect(throws: PostgresError.self) {
                        try await database.pool.query("SELECT 4")
                    }
                    #expect(refused?.code == .overloaded)
                }
                #expect(try await group.next()?.only().get(0, as: Int.self) == 3)
            }
        }
    }

    @Test func aConnectionKilledWhileIdleIsReplacedUnnoticed() async throws {
        try await TestDatabase.with(connections: 2) { database in
            let victim = try await database.pool.query("SELECT pg_backend_pid()").only().get(0, as: Int.self)
            let other = try database.anotherPool()
            try await other.query("SELECT pg_terminate_backend($1)", [.int4(Int32(victim))])
            try await eventually(within: .seconds(5)) {
                try await other.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [.int4(Int32(victim))]).isEmpty
            }
            let next = try await database.pool.query("SELECT pg_backend_pid()").only().get(0, as: Int.self)
            #expect(next != victim)
            await other.close()
        }
    }

    @Test func aWrongDatabaseIsSaidAtOnceAndAnUnreachableOneAtTheDeadline() async throws {
        let cluster = try await TestCluster.shared()
        func failure(_ url: String) async throws -> PostgresError? {
            let pool = try ConnectionPool(
                configuration: .init(
                    target: ConnectionTarget(connectionString: url, applicationName: "x"), connections: 1,
                    deadline: .milliseconds(500)),
                generator: SeededGenerator(seed: 3))
            return await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
        }
        #expect(try await failure(cluster.url(database: "nowhere"))?.code == .misuse)
        #expect(try await failure("postgresql:///x?host=/nonexistent")?.code == .unavailable)
        let malformed = try await failure("postgresql://user:s3cret@host:port/x")
        #expect(malformed?.code == .misuse)
        #expect(malformed.map { !"\($0) \($0.message)".contains("s3cret") } == true)
    }

    @Test func aClosedPoolRefuses() async throws {
        try await TestDatabase.with { database in
            let pool = try database.anotherPool()
            try await pool.check()
            await pool.close()
            await pool.close()
            let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
            #expect(error?.code == .closed)
        }
    }

    @Test func aCancelledTaskLeavesTheQueueOfWaiters() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await database.pool.withConnection { connection in
                try await connection.query("SELECT 1")
                await withTaskGroup { group in
                    group.addTask {
                        await #expect(throws: CancellationError.self) { try await database.pool.query("SELECT 2") }
                    }
                    try? await eventually(within: .seconds(5)) { database.pool.snapshot.waiting == 1 }
                    group.cancelAll()
                }
                #expect(database.pool.snapshot.waiting == 0)
            }
        }
    }
}
