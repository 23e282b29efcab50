/// What went wrong between us and PostgreSQL.
///
/// The description names the code, the constraint and, where the server's sentence cannot contain data, that sentence.
/// It never contains statement arguments, details of rows, or any part of a connection string.
package struct PostgresError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure: the server's SQLSTATE, or one of ours.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        /// Five characters for the server's codes, a word for ours.
        package let value: String

        package init(sqlState: String) { value = sqlState }
        private init(_ value: String) { self.value = value }

        /// The deadline passed. The statement was cancelled and its connection discarded.
        package static let deadlineExceeded = Code("deadline_exceeded")
        /// The link broke or the server ended the session.
        package static let connectionLost = Code("connection_lost")
        /// No connection could be made or lent within the deadline.
        package static let unavailable = Code("unavailable")
        /// Too many callers wait for a connection already.
        package static let overloaded = Code("overloaded")
        /// COMMIT was sent and its answer never came: the transaction may or may not have been committed. Read before
        /// writing.
        package static let commitOutcomeUnknown = Code("commit_outcome_unknown")
        /// The body returned although one of its statements had failed; the server rolled back instead of committing.
        package static let transactionAborted = Code("transaction_aborted")
        /// A value had not the type or presence that the caller asked for.
        package static let decodingFailed = Code("decoding_failed")
        /// The pool or listener has been closed, or the connection's lease has ended.
        package static let closed = Code("closed")
        /// The connection string or a statement is malformed in a way that the client can see.
        package static let misuse = Code("misuse")

        package static let uniqueViolation = Code("23505")
        package static let exclusionViolation = Code("23P01")
        package static let checkViolation = Code("23514")
        package static let foreignKeyViolation = Code("23503")
        package static let notNullViolation = Code("23502")
        package static let serializationFailure = Code("40001")
        package static let deadlockDetected = Code("40P01")
        package static let lockNotAvailable = Code("55P03")
        package static let undefinedTable = Code("42P01")
        package static let queryCanceled = Code("57014")
        package static let invalidParameterValue = Code("22023")

        package var description: String { value }
    }

    package let code: Code
    /// The server's or our own sentence for operators. May contain data for some codes: never shown to users or logged.
    package let message: String
    /// The constraint that refused the change, where the server names one.
    package let constraint: String?
    /// The relation concerned, where the server names one.
    package let table: String?
    /// Whether the statement, outside a transaction of ours, may have been carried out although it failed for us.
    package let mayHaveCommitted: Bool
    /// Whether the failure happened before anything of the caller's was sent, so that asking again is always safe.
    package let nothingWasSent: Bool

    package init(
        _ code: Code, _ message: String, constraint: String? = nil, table: String? = nil,
        mayHaveCommitted: Bool = false, nothingWasSent: Bool = false
    ) {
        self.code = code
        self.message = message
        self.constraint = constraint
        self.table = table
        self.mayHaveCommitted = mayHaveCommitted
        self.nothingWasSent = nothingWasSent
    }

    /// Whether the server asks for the whole transaction to be run again.
    package var isRetryable: Bool { code == .serializationFailure || code == .deadlockDetected }

    package var description: String {
        var text = "PostgreSQL error \(code.value)"
        if let constraint { text += " (constraint \(constraint))" } else if let table { text += " (table \(table))" }
        return messageIsSafe ? "\(text): \(message)" : text
    }

    /// Classes whose sentences name only objects of the schema. Class 22, for one, quotes the offending value.
    private static let safeClasses: Set<String> = [
        "08", "23", "25", "28", "3D", "40", "42", "53", "55", "57", "58", "XX", "P0",
    ]

    private var messageIsSafe: Bool {
        code.value.utf8.count != 5 || Self.safeClasses.contains(String(code.value.prefix(2)))
    }

    func with(code: Code? = nil, mayHaveCommitted: Bool? = nil, nothingWasSent: Bool? = nil) -> PostgresError {
        PostgresError(
            code ?? self.code, message, constraint: constraint, table: table,
            mayHaveCommitted: mayHaveCommitted ?? self.mayHaveCommitted,
            nothingWasSent: nothingWasSent ?? self.nothingWasSent)
    }
}
