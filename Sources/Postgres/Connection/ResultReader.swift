import CLibPQ

/// Copies results out of libpq's memory.
enum ResultReader {
    static func rows(_ result: OpaquePointer) -> Rows {
        let rowCount = Int(PQntuples(result))
        let columnCount = Int(PQnfields(result))
        var bytes: [UInt8] = []
        var ends: [Int] = []
        var isNull: [Bool] = []
        ends.reserveCapacity(rowCount * columnCount)
        isNull.reserveCapacity(rowCount * columnCount)
        for row in 0..<Int32(rowCount) {
            for column in 0..<Int32(columnCount) {
                let length = Int(PQgetlength(result, row, column))
                if length > 0, let value = PQgetvalue(result, row, column) {
                    bytes.append(contentsOf: UnsafeRawBufferPointer(start: value, count: length))
                }
                ends.append(bytes.count)
                isNull.append(PQgetisnull(result, row, column) == 1)
            }
        }
        let columns = (0..<Int32(columnCount)).map { PQfname(result, $0).map { String(cString: $0) } ?? "" }
        let types = (0..<Int32(columnCount)).map { UInt32(PQftype(result, $0)) }
        let affected = PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
        return Rows(
            columns: columns, affected: affected, count: rowCount, types: types, bytes: bytes, ends: ends,
            isNull: isNull)
    }

    static func failure(_ result: OpaquePointer) -> PostgresError {
        func field(_ code: Character) -> String? {
            guard let ascii = code.asciiValue else { return nil }
            return PQresultErrorField(result, Int32(ascii)).map { String(cString: $0) }
        }
        // The letters are those of the protocol's error fields: C SQLSTATE, M primary message, n constraint, t table.
        guard let state = field("C") else {
            return PostgresError(.connectionLost, "the connection to the database was lost")
        }
        return PostgresError(
            .init(sqlState: state), field("M") ?? "", constraint: field("n"), table: field("t"))
    }
}

extension PostgresError {
    /// Whether the server ended the session with this error: shutting down, crashed, terminated, timed out while idle.
    var endsSession: Bool { ["57P01", "57P02", "57P03", "57P05", "25P03"].contains(code.value) }

    /// Whether what the server thinks of the session is unknown after this error.
    var breaksSession: Bool { code == .deadlineExceeded || code == .connectionLost || endsSession }
}
