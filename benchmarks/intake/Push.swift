import App
import Contract
import DispatchCore
import DriverClient
import Foundation
import Fulfilment
import Geo
import Glibc
import Histogram
import Postgres
import Synchronization

/// From the commit of an assignment in PostgreSQL to its frame on the driver's socket, while every phone reports its
/// position: percentiles. The commit's time is PostgreSQL's own (`track_commit_timestamp`).
enum Push {
    struct Load: Sendable {
        var phones = 500
        var assignments = 1000
        var perSecond = 50.0
        var secondsBetweenPositions = 10.0
    }

    static func run(_ load: Load) async throws {
        try await BenchServer.with(phones: load.phones) { bench in
            let orders = try await place(load.assignments, bench)
            let arrivals = Arrivals()
            var sockets: [DriverSocket] = []
            for phone in bench.phones {
                sockets.append(
                    try await bench.client.openSocket(driver: "\(phone.driver)", token: phone.token) { event in
                        guard case .text(let text) = event, text.contains("order_assigned") else { return }
                        arrivals.heard(text)
                    })
            }
            try await assign(orders, bench, sockets, load)
            let clock = ContinuousClock()
            let start = clock.now
            while arrivals.count < orders.count, clock.now - start < .seconds(30) {
                try await Task.sleep(for: .milliseconds(10))
            }
            try await report(arrivals, bench, load)
            for socket in sockets { socket.close() }
        }
    }

    private static func place(_ count: Int, _ bench: BenchServer) async throws -> [OrderID] {
        let place = PlaceOrder(bench.server.house)
        var ids: [OrderID] = []
        for number in 0..<count {
            let content = OrderContent(
                customer: Customer(name: "Asha", phone: "+91\(number)"),
                pickup: Place(
                    name: "Kitchen", address: "Koramangala", point: GeoPoint(latitude: 12.9352, longitude: 77.6245)),
                dropoff: Place(address: "Indiranagar", point: GeoPoint(latitude: 12.9719, longitude: 77.6412)))
            ids.append(try await place(content, by: .integration("benchmark")).order.id)
        }
        return ids
    }

    /// At their own times, whether or not the ones before are done.
    private static func assign(
        _ orders: [OrderID], _ bench: BenchServer, _ sockets: [DriverSocket], _ load: Load
    ) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, order) in orders.enumerated() {
                group.addTask {
                    try await clock.sleep(until: start + .seconds(Double(number) / load.perSecond), tolerance: nil)
                    let driver = bench.phones[number % bench.phones.count].driver
                    let answer = try await bench.client.call(
                        .post, "/api/v1/orders/\(order)/assign", token: bench.admin,
                        body: Array("{\"driver_id\":\(driver)}".utf8))
                    guard answer.status == 200 else { throw BenchFailure("assign: \(answer.status) \(answer.detail)") }
                }
            }
            let reports = Task {
                var tick = 0.0
                let message = Array(
                    #"{"type":"location_update","data":{"latitude":12.93,"longitude":77.62,"speed":20}}"#.utf8)
                while !Task.isCancelled {
                    sockets[Int(tick) % sockets.count].send(message)
                    tick += 1
                    let gap = load.secondsBetweenPositions / Double(sockets.count)
                    try await clock.sleep(until: start + .seconds(tick * gap), tolerance: nil)
                }
            }
            defer { reports.cancel() }
            try await group.waitForAll()
        }
    }

    private static func report(_ arrivals: Arrivals, _ bench: BenchServer, _ load: Load) async throws {
        var histogram = Histogram<UInt64>(highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
        let rows = try await bench.pool.query(
            """
            SELECT order_id, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::int8 FROM order_audit \
            WHERE to_state = 'ASSIGNED'
            """, deadline: .seconds(60))
        var missing = 0
        for row in rows {
            let order: Int64 = try row.get(0)
            let committed: Int64 = try row.get(1)
            guard let arrived = arrivals.time(of: order) else {
                missing += 1
                continue
            }
            _ = histogram.record(UInt64(max(1, arrived - committed)))
        }
        func milliseconds(_ percentile: Double) -> String {
            rounded(Double(histogram.valueAtPercentile(percentile)) / 1000)
        }
        print(
            "push        commit to socket    p50 \(milliseconds(50)) ms  p90 \(milliseconds(90)) ms  "
                + "p99 \(milliseconds(99)) ms  p99.9 \(milliseconds(99.9)) ms  max \(milliseconds(100)) ms")
        print(
            "push        \(rows.count) assignments at \(load.perSecond) /s, \(load.phones) phones, a position of each "
                + "every \(load.secondsBetweenPositions) s, \(missing) missing")
        guard missing == 0, rows.count == load.assignments else { throw BenchFailure("assignments are missing") }
    }
}

/// When each order came over its driver's socket, in microseconds since 1970.
private final class Arrivals: Sendable {
    private let times = Mutex<[Int64: Int64]>([:])

    var count: Int { times.withLock { $0.count } }

    func heard(_ text: String) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let moment = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
        guard let order = (try? JSON(parsing: text))?["data"]?["order_id"]?.int64 else { return }
        times.withLock { $0[order] = $0[order] ?? moment }
    }

    func time(of order: Int64) -> Int64? { times.withLock { $0[order] } }
}
