import CLibPQ
import Glibc

/// Rows in COPY's binary format, encoded before the connection is asked for.
package struct CopyRows: Sendable {
    private(set) var bytes: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)
    package private(set) var count = 0

    package init() {}

    /// Adds a row. COPY does not convert: each parameter must have exactly its column's type and be in binary form,
    /// which `numeric`, `uuid`, `jsonb` and `date` parameters are not.
    package mutating func append(_ cells: [Parameter]) {
        precondition(cells.allSatisfy(\.isBinary), "COPY takes binary cells only")
        var writer = BinaryWriter(capacity: 2 + cells.reduce(0) { $0 + 4 + ($1.bytes?.count ?? 0) })
        writer.append(Int16(cells.count))
        for cell in cells {
            writer.append(Int32(cell.bytes?.count ?? -1))
            if let value = cell.bytes { writer.append(contentsOf: value) }
        }
        bytes.append(contentsOf: writer.bytes)
        count += 1
    }

    /// Begins a row of so many cells, which follow one by one in the columns' order; cheaper than `append`.
    package mutating func beginRow(columns: Int16) {
        put(columns)
        count += 1
    }

    /// A `bigint`.
    package mutating func cell(int8 value: Int64?) { put(value) }
    /// An `integer`.
    package mutating func cell(int4 value: Int32?) { put(value) }
    /// A `double precision`.
    package mutating func cell(float8 value: Double?) { put(value?.bitPattern) }
    /// A `timestamptz` from milliseconds since 1970.
    package mutating func cell(milliseconds value: Int64?) { put(value.map(TimestampCoding.wire)) }

    /// A `numeric` of eight decimals, rounded to the nearest.
    ///
    /// The server's format (`numeric_recv` in `numeric.c`): groups of four decimal digits, the weight of the first,
    /// sign, display scale. Leading and trailing groups of zeros are allowed.
    ///
    /// - Precondition: the value is finite and below 10,000 in magnitude.
    package mutating func cell(numeric value: Double) {
        precondition(value.magnitude < 9_999.999, "a value of one group before the point")
        let scaled = UInt64((value.magnitude * 100_000_000).rounded())
        put(Int32(14))
        put(Int16(3))
        put(Int16(0))
        put(value < 0 ? UInt16(0x4000) : 0)
        put(Int16(8))
        put(UInt16(scaled / 100_000_000))
        put(UInt16(scaled / 10_000 % 10_000))
        put(UInt16(scaled % 10_000))
    }

    private mutating func put<Value: FixedWidthInteger>(_ value: Value?) {
        guard let value else { return put(Int32(-1)) }
        put(Int32(Value.bitWidth / 8))
        put(value)
    }

    private mutating func put(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

extension Session {
    /// Runs `COPY … FROM STDIN (FORMAT binary)` with `rows` and returns the number of rows that the server counted.
    mutating func copy(_ sql: String, rows: CopyRows, until deadline: MonotonicTime) throws(PostgresError) -> Int {
        do throws(PostgresError) {
            return try performCopy(sql, rows: rows, until: deadline)
        } catch {
            isBroken = isBroken || error.breaksSession
            throw error
        }
    }

    private mutating func performCopy(
        _ sql: String, rows: CopyRows, until deadline: MonotonicTime
    ) throws(PostgresError) -> Int {
        guard PQsendQuery(handle, sql) == 1 else { throw lost() }
        try flush(until: deadline)
        guard let opening = try nextResult(until: deadline) else { throw lost() }
        let status = PQresultStatus(opening)
        let refusal = ResultReader.failure(opening)
        PQclear(opening)
        guard status == PGRES_COPY_IN else {
            while let rest = try nextResult(until: deadline) { PQclear(rest) }
            throw status == PGRES_FATAL_ERROR ? refusal : PostgresError(.misuse, "not a COPY … FROM STDIN")
        }
        try put(rows.bytes + [0xFF, 0xFF], until: deadline)
        while true {
            let outcome = PQputCopyEnd(handle, nil)
            if outcome == 1 { break }
            if outcome < 0 { throw lost() }
            try wait(for: POLLIN | POLLOUT, until: deadline)
        }
        try flush(until: deadline)
        return try copyOutcome(until: deadline)
    }

    private func put(_ bytes: [UInt8], until deadline: MonotonicTime) throws(PostgresError) {
        let chunk = 64 * 1024
        var start = 0
        while start < bytes.count {
            let end = min(start + chunk, bytes.count)
            let outcome = bytes[start..<end].withUnsafeBytes { buffer in
                PQputCopyData(handle, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count))
            }
            if outcome < 0 { throw lost() }
            if outcome == 1 { start = end }
            try flush(until: deadline)
        }
    }

    private func copyOutcome(until deadline: MonotonicTime) throws(PostgresError) -> Int {
        var failure: PostgresError?
        var copied = 0
        while let result = try nextResult(until: deadline) {
            defer { PQclear(result) }
            if PQresultStatus(result) == PGRES_COMMAND_OK {
                copied = PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
            } else if failure == nil {
                failure = ResultReader.failure(result)
            }
        }
        if let failure { throw failure }
        return copied
    }
}
