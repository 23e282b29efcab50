import CLibPQ

extension Session {
    /// Runs statements in one round trip and returns their rows in order.
    ///
    /// libpq's pipeline mode sends everything up to one synchronisation point. Outside a transaction the statements are
    /// therefore one implicit transaction: when one fails, those before it are undone and those after it are skipped.
    ///
    /// - Parameter prefix: a command without result, such as `BEGIN`, sent in front.
    mutating func run(
        _ statements: [Statement], prefix: String?, until deadline: MonotonicTime
    ) throws(PostgresError) -> [Rows] {
        do throws(PostgresError) {
            return try pipeline(statements, prefix: prefix, until: deadline)
        } catch {
            isBroken = isBroken || error.breaksSession
            // The catalogue changed under a prepared statement; a new session prepares it anew.
            if error.code.value == "0A000" || error.code.value == "26000" { isBroken = true }
            throw error
        }
    }

    private mutating func pipeline(
        _ statements: [Statement], prefix: String?, until deadline: MonotonicTime
    ) throws(PostgresError) -> [Rows] {
        guard PQenterPipelineMode(handle) == 1 else { throw lost() }
        var steps: [Step] = []
        if let prefix {
            try send(Statement(prefix))
            steps.append(.prefix)
        }
        for statement in statements {
            try queue(statement, steps: &steps)
        }
        guard PQpipelineSync(handle) == 1 else { throw lost() }
        try flush(until: deadline)
        let answer = try collect(steps, until: deadline)
        guard PQexitPipelineMode(handle) == 1 else { throw lost() }
        return try answer.get()
    }

    private enum Step {
        case prefix
        case preparation(sql: String, name: String)
        case statement
    }

    private mutating func queue(_ statement: Statement, steps: inout [Step]) throws(PostgresError) {
        var name = prepared[statement.sql]
        if name == nil {
            for case .preparation(statement.sql, let queued) in steps { name = queued }
        }
        if name == nil && prepared.count + steps.count < Self.preparedLimit {
            let fresh = "s\(prepared.count)_\(steps.count)"
            try prepare(statement, as: fresh)
            steps.append(.preparation(sql: statement.sql, name: fresh))
            name = fresh
        }
        try send(statement, prepared: name)
        steps.append(.statement)
    }

    private func prepare(_ statement: Statement, as name: String) throws(PostgresError) {
        let types = statement.parameters.map(\.type)
        guard PQsendPrepare(handle, name, statement.sql, Int32(types.count), types) == 1 else { throw lost() }
    }

    private func send(_ statement: Statement, prepared name: String? = nil) throws(PostgresError) {
        let parameters = statement.parameters
        // One buffer for all values, each followed by a NUL: text ends there, and an empty value has an address.
        var flat: [UInt8] = []
        var offsets: [Int] = []
        for parameter in parameters {
            offsets.append(flat.count)
            flat += parameter.bytes ?? []
            flat.append(0)
        }
        let lengths = parameters.map { Int32($0.bytes?.count ?? 0) }
        let formats = parameters.map { Int32($0.isBinary ? 1 : 0) }
        let count = Int32(parameters.count)
        let sent = flat.withUnsafeBytes { buffer in
            let pointers = zip(parameters, offsets).map { parameter, offset in
                parameter.bytes == nil
                    ? nil : buffer.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self)
            }
            guard let name else {
                return PQsendQueryParams(
                    handle, statement.sql, count, parameters.map(\.type), pointers, lengths, formats, 1)
            }
            return PQsendQueryPrepared(handle, name, count, pointers, lengths, formats, 1)
        }
        guard sent == 1 else { throw lost() }
    }

    /// Reads the answers up to the synchronisation point. The first error is the one that counts.
    private mutating func collect(
        _ steps: [Step], until deadline: MonotonicTime
    ) throws(PostgresError) -> Result<[Rows], PostgresError> {
        var answers: [Rows] = []
        var failure: PostgresError?
        for step in steps {
            while let result = try nextResult(until: deadline) {
                defer { PQclear(result) }
                switch PQresultStatus(result) {
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                    switch step {
                    case .prefix: break
                    case .preparation(let sql, let name): prepared[sql] = name
                    case .statement: answers.append(ResultReader.rows(result))
                    }
                case PGRES_PIPELINE_ABORTED: break
                case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                    isBroken = true
                    throw PostgresError(.misuse, "COPY has a call of its own")
                default:
                    if failure == nil { failure = ResultReader.failure(result) }
                    if failure?.endsSession == true, let failure { throw failure }
                }
            }
        }
        guard let end = try nextResult(until: deadline) else { throw lost() }
        defer { PQclear(end) }
        guard PQresultStatus(end) == PGRES_PIPELINE_SYNC else { throw lost() }
        if let failure { return .failure(failure) }
        return .success(answers)
    }

    /// Runs any number of commands separated by semicolons, without arguments, and ignores their rows.
    mutating func script(_ sql: String, until deadline: MonotonicTime) throws(PostgresError) {
        _ = try simple(sql, until: deadline)
    }

    /// Runs a text without arguments and returns the tag of its last command, for example `COMMIT`.
    mutating func simple(_ sql: String, until deadline: MonotonicTime) throws(PostgresError) -> String {
        do throws(PostgresError) {
            return try performSimple(sql, until: deadline)
        } catch {
            isBroken = isBroken || error.breaksSession
            throw error
        }
    }

    private func performSimple(_ sql: String, until deadline: MonotonicTime) throws(PostgresError) -> String {
        guard PQsendQuery(handle, sql) == 1 else { throw lost() }
        try flush(until: deadline)
        var failure: PostgresError?
        var tag = ""
        while let result = try nextResult(until: deadline) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                tag = PQcmdStatus(result).map { String(cString: $0) } ?? ""
            default: if failure == nil { failure = ResultReader.failure(result) }
            }
        }
        if let failure { throw failure }
        return tag
    }
}
