/// The answer to one statement: its rows, copied out of libpq's memory, and the number of rows changed.
package struct Rows: Sendable, RandomAccessCollection {
    /// Names of the columns in order.
    package let columns: [String]
    /// Rows inserted, updated, deleted or selected, as the server counts them.
    package let affected: Int
    package let count: Int
    let types: [UInt32]
    /// Every cell's bytes one after the other; `ends` and `isNull` cut them.
    let bytes: [UInt8]
    let ends: [Int]
    let isNull: [Bool]

    package var startIndex: Int { 0 }
    package var endIndex: Int { count }
    package subscript(position: Int) -> Row {
        precondition(position >= 0 && position < count, "the row exists")
        return Row(rows: self, index: position)
    }

    func cell(row: Int, column: Int) -> ArraySlice<UInt8>? {
        let index = row * columns.count + column
        return isNull[index] ? nil : bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    /// The only row.
    ///
    /// - Throws: `decodingFailed` when there is none or more than one.
    package func only() throws(PostgresError) -> Row {
        guard count == 1 else { throw PostgresError(.decodingFailed, "expected one row, found \(count)") }
        return self[0]
    }
}

/// One row. Cells are read by position, as the statement lists them.
package struct Row: Sendable {
    let rows: Rows
    let index: Int

    /// The cell in `column`.
    ///
    /// - Throws: `decodingFailed` when the cell is NULL and `Value` is not optional, or the column has another type.
    package func get<Value: PostgresDecodable>(
        _ column: Int, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        guard column >= 0 && column < rows.columns.count else {
            throw PostgresError(.decodingFailed, "there is no column \(column)")
        }
        guard let value = Value.decode(rows.cell(row: index, column: column), type: rows.types[column]) else {
            throw PostgresError(
                .decodingFailed,
                "column \(rows.columns[column]) (type \(rows.types[column])) is not a readable \(Value.self)")
        }
        return value
    }

    /// A reader that takes the cells from left to right.
    package var cells: Cells { Cells(row: self) }

    /// Takes the cells of a row one after the other.
    package struct Cells {
        let row: Row
        private var column = 0

        init(row: Row) { self.row = row }

        /// The next cell; the type is usually clear from where it goes.
        package mutating func next<Value: PostgresDecodable>(
            _ type: Value.Type = Value.self
        ) throws(PostgresError) -> Value {
            defer { column += 1 }
            return try row.get(column, as: type)
        }
    }
}
