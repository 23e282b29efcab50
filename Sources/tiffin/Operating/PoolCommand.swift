import ArgumentParser
import Contract
import DriverClient
import Foundation

/// `tiffin pool`: external pools from the command line.
struct PoolCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool", abstract: "Import closed pools.", subcommands: [Import.self])

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Import orders of pools from a JSON file, in the shape of the webhook (amounts in paise).",
            discussion: "Importing a file again is harmless. The exit code is 1 when a row waits for repair.")

        /// Rows in one request: an answer within seconds, and a repetition costs little.
        private static let portion = 5000

        @Argument(help: "A JSON file: a list of orders, or an object with orders and pool.")
        var file: String

        @Option(help: "Take the address and the admin from this ready file of demo or serve --dev.")
        var readyFile: String?

        @Option(help: "Where the server is; with --api-key.")
        var url: String?

        @Option(help: "The server's pools.apiKey.")
        var apiKey: String?

        func run() async throws {
            guard let data = FileManager.default.contents(atPath: file) else {
                throw ValidationError("cannot read \(file)")
            }
            guard let json = try? JSON(parsing: Array(data)), let rows = json.elements ?? json["orders"]?.elements
            else { throw ValidationError("\(file) holds no list of orders") }
            let ready = try readyFile.map { try ReadyFile(path: $0) }
            guard let address = (url ?? ready?.url).flatMap({ ServerAddress($0) }) else {
                throw ValidationError("say where the server is: --url or --ready-file")
            }
            let client = try WireClient(address)
            let watch = Stopwatch()
            do {
                let counts = try await send(rows, head: json["pool"], to: client, admin: ready?.admin)
                await client.shutdown()
                Terminal.line("took \((watch.seconds * 10).rounded() / 10) s")
                if counts.waiting > 0 { throw ExitCode(1) }
            } catch let error as DriverClientError {
                await client.shutdown()
                Terminal.complain("tiffin: \(error)")
                throw Exit.unavailable
            }
        }

        private func send(
            _ rows: [JSON], head: JSON?, to client: WireClient, admin: Credentials?
        ) async throws -> (inserted: Int64, waiting: Int64) {
            var token: String?
            if apiKey == nil {
                guard let admin else { throw ValidationError("say who you are: --api-key or --ready-file") }
                token = try await client.signIn(admin: admin).accessToken
            }
            var sums: [Int64] = [0, 0, 0, 0, 0]
            let names = ["inserted_count", "skipped_count", "repaired_count", "kept_count", "refused_count"]
            var start = 0
            while start < rows.count {
                let end = min(start + Self.portion, rows.count)
                let answer = try await post(Array(rows[start..<end]), head: head, token: token, client)
                for (index, name) in names.enumerated() { sums[index] += answer[name]?.int64 ?? 0 }
                for row in answer["rows"]?.elements ?? [] where row["problem"]?.text != nil {
                    Terminal.line(
                        "row \(Int64(start) + (row["index"]?.int64 ?? 0)) \(row["external_order_id"]?.text ?? ""): "
                            + "\(row["status"]?.text ?? "") \(row["problem"]?.text ?? ""), \(row["detail"]?.text ?? "")"
                    )
                }
                start = end
            }
            Terminal.line(
                "\(rows.count) rows: \(sums[0]) inserted, \(sums[1]) there already, \(sums[2]) repaired, "
                    + "\(sums[3]) wait for repair, \(sums[4]) refused")
            return (sums[0], sums[3] + sums[4])
        }

        private func post(
            _ rows: [JSON], head: JSON?, token: String?, _ client: WireClient
        ) async throws -> JSON {
            var writer = JSONWriter(capacity: rows.count * 512)
            writer.object { writer in
                if let head {
                    writer.key("pool")
                    writer.value(head)
                }
                writer.key("orders")
                writer.array(rows) { $0.value($1) }
            }
            let path = token == nil ? "/api/v1/webhook/receive-orders" : "/api/v1/pools/import"
            let answer = try await client.call(
                .post, "\(path)?rows=problems", token: token, body: writer.bytes,
                headers: apiKey.map { [("X-API-Key", $0)] } ?? [])
            guard answer.status == 200 else {
                throw DriverClientError.unexpectedStatus(answer.status, detail: answer.detail)
            }
            return answer.json
        }
    }
}
