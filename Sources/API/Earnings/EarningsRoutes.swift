import Contract
import DispatchCore
import Fulfilment
import HTTPTypes

/// What a driver has earned: one query, several shapes.
struct EarningsRoutes: RouteGroup {
    private let house: House
    private let settings: APISettings
    private let calendar: LocalCalendar

    private static let longestSpan: Int64 = 366  // days
    private static let pageDays = 31

    init(_ parts: API.Parts) {
        house = parts.house
        settings = parts.settings
        calendar = LocalCalendar(secondsEastOfUTC: parts.house.settings.secondsEastOfUTC)
    }

    var routes: [Route] {
        [
            Route(.get, "/api/v1/earnings/today", .driver) { exchange in
                try await day(calendar.dayNumber(of: exchange.now), exchange)
            },
            Route(.get, "/api/v1/earnings/history", .driver, history),
            Route(.get, "/api/v1/drivers/stats", .driver, stats),
            Route(.post, "/api/v1/driver/earnings", .driver) { _ in
                .message("Earnings are recorded with each delivery.")
            },
            Route(.get, "/api/v1/driver/earnings/daily", .driver) { exchange in
                try await day(
                    try named(exchange.query["date"], "date") ?? calendar.dayNumber(of: exchange.now), exchange)
            },
            Route(.get, "/api/v1/driver/earnings/weekly", .driver) { exchange in
                let today = calendar.dayNumber(of: exchange.now)
                return try await days(from: calendar.firstOfWeek(today), to: today, exchange)
            },
            Route(.get, "/api/v1/driver/earnings/monthly", .driver, monthly),
        ]
    }

    private func entries(_ driver: DriverID, from: Int64, to: Int64) async throws -> [EarningsEntry] {
        try await house.earnings.earnings(
            of: driver, from: calendar.start(ofDay: from), to: calendar.start(ofDay: to + 1))
    }

    private func named(_ text: String?, _ field: String) throws -> Int64? {
        guard let text else { return nil }
        guard let day = calendar.dayNumber(named: text) else {
            throw Problems.field(field, "must be a day: YYYY-MM-DD")
        }
        return day
    }

    private func day(_ day: Int64, _ exchange: Exchange) async throws -> Reply {
        let driver = try exchange.driver()
        let entries = try await entries(driver, from: day, to: day)
        let orders = try await orders(of: driver, since: calendar.start(ofDay: day), entries)
        let items = entries.map { entry in
            EarningsItem(
                orderID: entry.orderID.rawValue, batchID: orders[entry.orderID]?.assignment?.batchID.rawValue,
                restaurantName: orders[entry.orderID]?.content.pickup.name ?? "",
                deliveryAddress: entry.deliveryAddress, totalPaise: entry.quote.total.rawValue,
                distanceMetres: Int64(entry.distance), earnedAt: entry.earnedAt.milliseconds)
        }
        return .json(
            EarningsToday(
                date: calendar.name(ofDay: day), timeZone: settings.timeZone, currency: settings.currency, items: items)
        )
    }

    private func orders(
        of driver: DriverID, since: Timestamp, _ entries: [EarningsEntry]
    ) async throws -> [OrderID: Order] {
        guard !entries.isEmpty else { return [:] }
        var query = OrderQuery()
        query.driverID = driver
        query.endedSince = since
        let orders = try await house.orders.orders(matching: query)
        return Dictionary(orders.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// `from` and `to` are days, both counted in; or the last `days`; a week without either.
    private func history(_ exchange: Exchange) async throws -> Reply {
        let today = calendar.dayNumber(of: exchange.now)
        let to = try named(exchange.query["to"], "to") ?? today
        let length = try exchange.query.integer("days", in: 1...Self.longestSpan) ?? 7
        let from = try named(exchange.query["from"], "from") ?? to - length + 1
        return try await days(from: from, to: to, exchange)
    }

    private func monthly(_ exchange: Exchange) async throws -> Reply {
        let today = calendar.dayNumber(of: exchange.now)
        guard let year = try exchange.query.integer("year", in: 1970...9999),
            let month = try exchange.query.integer("month", in: 1...12)
        else { return try await days(from: calendar.firstOfMonth(today), to: today, exchange) }
        let digits = month < 10 ? "0\(month)" : "\(month)"
        guard let first = calendar.dayNumber(named: "\(year)-\(digits)-01") else {
            throw Problems.field("month", "names no month")
        }
        // Day 32 from the first lies in the next month, whatever the length of this one.
        return try await days(from: first, to: calendar.firstOfMonth(first + 31) - 1, exchange)
    }

    private func days(from: Int64, to: Int64, _ exchange: Exchange) async throws -> Reply {
        guard from <= to else { throw Problems.field("from", "must not be after to") }
        guard to - from < Self.longestSpan else {
            throw Problems.field("from", "must be at most \(Self.longestSpan) days before to")
        }
        let entries = try await entries(try exchange.driver(), from: from, to: to)
        var sums: [Int64: (total: Int64, deliveries: Int64)] = [:]
        for entry in entries {
            let day = calendar.dayNumber(of: entry.earnedAt)
            sums[day, default: (0, 0)].total += entry.quote.total.rawValue
            sums[day, default: (0, 0)].deliveries += 1
        }
        let newestFirst = sums.keys.sorted(by: >)
        let start = try named(exchange.query["cursor"], "cursor") ?? to
        let page = newestFirst.drop { $0 > start }.prefix(Self.pageDays)
        let next = newestFirst.first { day in page.last.map { day < $0 } ?? false }
        return .json(
            EarningsHistory(
                from: calendar.name(ofDay: from), to: calendar.name(ofDay: to), currency: settings.currency,
                totalPaise: sums.values.reduce(0) { $0 + $1.total },
                days: page.map { day in
                    EarningsHistory.Day(
                        date: calendar.name(ofDay: day), totalPaise: sums[day]?.total ?? 0,
                        deliveries: sums[day]?.deliveries ?? 0)
                },
                nextCursor: next.map { calendar.name(ofDay: $0) }))
    }

    private func stats(_ exchange: Exchange) async throws -> Reply {
        let driver = try exchange.driver()
        guard let account = try await house.accounts.driver(driver) else { throw FulfilmentError.unknownDriver(driver) }
        let today = calendar.dayNumber(of: exchange.now)
        let week = calendar.firstOfWeek(today)
        let month = calendar.firstOfMonth(today)
        let entries = try await entries(driver, from: min(week, month), to: today)
        func span(since day: Int64) -> EarningsSpan {
            EarningsSpan(entries.filter { $0.earnedAt >= calendar.start(ofDay: day) })
        }
        let totals = try await house.earnings.totals(of: driver)
        var stats = DriverStats(
            today: span(since: today), week: span(since: week), month: span(since: month),
            lifetimePaise: totals.lifetime.rawValue, paidPaise: totals.paid.rawValue,
            completed: Int64(account.completedOrders), cancelled: Int64(account.cancelledOrders),
            rating: account.rating)
        stats.lastPaymentPaise = totals.lastPaidAmount?.rawValue
        stats.lastPaymentAt = totals.lastPaidAt?.milliseconds
        return .json(stats)
    }
}

extension EarningsSpan {
    /// The sums over rows; whatever is neither base nor distance is bonus, so that the parts add up to the total.
    init(_ entries: [EarningsEntry]) {
        self.init(deliveries: Int64(entries.count))
        for entry in entries {
            distanceMetres += Int64(entry.distance)
            basePaise += entry.quote.base.rawValue
            distancePaise += entry.quote.distance.rawValue
            totalPaise += entry.quote.total.rawValue
        }
        bonusPaise = totalPaise - basePaise - distancePaise
    }
}
