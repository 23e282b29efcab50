import ArgumentParser
import Contract
import DriverClient
import Geo

/// Where a running server is and who asks; for the commands that go through its REST.
struct ServerOptions: ParsableArguments {
    @Option(help: "Where the server listens.")
    var url: String?

    @Option(help: "An admin as email:password.")
    var admin: String?

    @Option(help: "Take address and admin from this ready file; flags win.")
    var readyFile: String?

    /// Logs in and asks for a path.
    func get(_ path: String, accepting type: String? = nil) async throws -> JSON {
        let answer = try await call(.get, path, headers: type.map { [("accept", $0)] } ?? [])
        guard (200..<300).contains(answer.status) else {
            throw DriverClientError.unexpectedStatus(answer.status, detail: answer.detail)
        }
        return answer.json
    }

    /// Logs in and calls a path; gives whatever the server answers.
    func call(
        _ verb: RESTVerb, _ path: String, body: [UInt8]? = nil, headers: [(String, String)] = []
    ) async throws -> RESTAnswer {
        let ready = try readyFile.map { try ReadyFile(path: $0) }
        guard let address = (url ?? ready?.url).flatMap({ ServerAddress($0) }) else {
            throw ValidationError("--url http://… is needed (or --ready-file)")
        }
        guard let credentials = admin.flatMap({ Credentials($0) }) ?? ready?.admin else {
            throw ValidationError("--admin email:password is needed (or --ready-file)")
        }
        let client = try WireClient(address)
        do {
            let token = try await client.signIn(admin: credentials).accessToken
            let answer = try await client.call(verb, path, token: token, body: body, headers: headers)
            await client.shutdown()
            return answer
        } catch {
            await client.shutdown()
            throw error
        }
    }
}

/// `tiffin explain ORDER`: why this driver, or why it still waits.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say why an order went to its driver, or what keeps it waiting.")

    @OptionGroup var server: ServerOptions

    @Argument(help: "The order's number.")
    var order: Int64

    func run() async throws {
        try await speakingPlainly {
            let answer = try await server.get("/api/v1/orders/\(order)/explain")
            Terminal.line("order \(order)   \(answer["status"]?.text ?? "")")
            guard let decision = answer["decision"], !decision.isNull else {
                Terminal.line(
                    "  no tick has looked at it yet\(answer["source"]?.text == "admin" ? ": an admin gave it by hand" : "")"
                )
                return
            }
            for line in Self.lines(of: decision) { Terminal.line("  " + line) }
        }
    }

    private static func release(_ rule: String) -> String {
        switch rule {
        case "nothing": "under no single other rule"
        case "oneMoreDriver": "with one more driver at the restaurant"
        case "moreDrivers": "with several more drivers at the restaurant: others go before it"
        default: "with another " + words(rule)
        }
    }

    private static func lines(of decision: JSON) -> [String] {
        var lines = [
            "\(decision["outcome"]?.text ?? "?") at \(decision["decided_at"]?.text ?? "?"), policy \(policy(decision)), tick \(decision["tick"]?.int64 ?? 0)"
        ]
        if decision["is_degraded"] == .bool(true) {
            lines.append("warning    the tick's work ran out: its plan degraded to insertion")
        }
        if decision["is_replayed"] == .bool(false) {
            lines.append("warning    planning the stored tick again gave another plan")
        }
        if let driver = decision["driver_id"]?.int64 { lines.append("driver     \(driver)") }
        if let trigger = decision["trigger"]?.text { lines.append("told now   \(Self.words(trigger))") }
        if let rule = decision["held_by"]?.text { lines.append("held by    \(Self.words(rule))") }
        if let moment = decision["tell_at"]?.text { lines.append("told at    \(moment) at the latest") }
        if let rule = decision["released_by"]?.text { lines.append("would go   " + release(rule)) }
        let terms = named(decision["terms"], "value_ms").filter { $0.value != 0 }.map {
            "\($0.name) \($0.value / 1000) s"
        }
        if !terms.isEmpty { lines.append("cost       " + terms.joined(separator: ", ")) }
        if let asked = decision["asked_ways"]?.int64, let estimated = decision["estimated_ways"]?.int64, estimated > 0 {
            lines.append("ways       \(estimated) of \(asked) were estimated: OSRM did not tell them")
        }
        let counts = named(decision["refusal_counts"], "drivers").map { "\($0.value) \(Self.words($0.name))" }
        if !counts.isEmpty { lines.append("drivers    " + counts.joined(separator: ", ")) }
        let basis = decision["differences"]?.text == "whole_plan" ? "on the whole plan" : "the rest of the plan fixed"
        for other in decision["alternatives"]?.elements ?? [] {
            let driver = other["driver_id"]?.int64 ?? 0
            lines.append(
                other["is_possible"] == .bool(false)
                    ? "else       driver \(driver): not even by force"
                    : "else       driver \(driver): +\((other["difference_ms"]?.int64 ?? 0) / 1000) s \(basis)")
        }
        for refusal in decision["refused"]?.elements ?? [] {
            lines.append(
                "refused    driver \(refusal["driver_id"]?.int64 ?? 0): "
                    + (refusal["reason"]?.text ?? Self.words(refusal["rule"]?.text ?? "")))
        }
        return lines
    }

    /// `7`, or `7 (zone 3: 5)` where the order's zone has a policy of its own.
    private static func policy(_ decision: JSON) -> String {
        let version = "\(decision["policy_version"]?.int64 ?? 0)"
        guard let zone = decision["zone_id"]?.int64, let own = decision["zone_policy_version"]?.int64 else {
            return version
        }
        return "\(version) (zone \(zone): \(own))"
    }

    private static func named(_ list: JSON?, _ value: String) -> [(name: String, value: Int64)] {
        (list?.elements ?? []).compactMap { entry in
            guard let name = entry["name"]?.text, let number = entry[value]?.int64 else { return nil }
            return (name, number)
        }
    }

    /// `driverBusy` as "driver busy".
    private static func words(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1.isUppercase ? " " + $1.lowercased() : String($1) }
            .replacing("_", with: " ")
    }
}

/// `tiffin drivers near LAT,LON`.
struct DriversCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drivers", abstract: "Look at the live fleet.", subcommands: [Near.self])

    struct Near: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The available drivers nearest to a place.")

        @OptionGroup var server: ServerOptions

        // A latitude south of the equator begins like an option.
        @Argument(
            parsing: .allUnrecognized,
            help: ArgumentHelp("LATITUDE,LONGITUDE in degrees, such as 12.935,77.624.", valueName: "place"))
        var place: [String]

        @Option(help: "At most so many.")
        var limit = 10

        @Option(help: "Within so many kilometres.")
        var radius = 10.0

        @Flag(name: .customLong("free"), help: "Only who can take another order.")
        var isFree = false

        @Option(help: "Only this vehicle: bicycle, motorbike or car.")
        var vehicle: String?

        @Flag(name: .customLong("geojson"), help: "Print a GeoJSON feature collection.")
        var isGeoJSON = false

        func run() async throws {
            try await speakingPlainly {
                let point = try point()
                var query = "lat=\(point.latitude)&lon=\(point.longitude)&limit=\(limit)&radius_km=\(radius)"
                if isFree { query += "&free=true" }
                if let vehicle { query += "&vehicle=\(vehicle.filter(\.isLetter))" }
                let rows = try await server.get(
                    "/api/v1/drivers/near?" + query,
                    accepting: isGeoJSON ? "application/geo+json" : nil)
                if isGeoJSON {
                    var writer = JSONWriter()
                    writer.value(rows)
                    Terminal.line(String(decoding: writer.bytes, as: UTF8.self))
                    return
                }
                for row in rows.elements ?? [] {
                    let metres = row["distance_km"]?.double.map { "\($0) km" } ?? ""
                    let time = row["travel_time_s"]?.int64.map { "\($0) s (\(row["source"]?.text ?? "?"))" } ?? ""
                    Terminal.line("\(row["driver_id"]?.int64 ?? 0)\t\(row["name"]?.text ?? "")\t\(metres)\t\(time)")
                }
            }
        }

        private func point() throws -> GeoPoint {
            do {
                return try PlaceWords(place).point
            } catch {
                throw ValidationError(error.description)
            }
        }
    }
}
