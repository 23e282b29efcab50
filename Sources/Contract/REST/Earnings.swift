/// `GET /earnings/today`.
package struct EarningsToday: Equatable, Sendable {
    /// The calendar day `YYYY-MM-DD` in `timeZone`.
    package var date: String
    package var timeZone: String
    package var currency: String
    package var items: [EarningsItem]

    package init(date: String, timeZone: String, currency: String, items: [EarningsItem]) {
        self.date = date
        self.timeZone = timeZone
        self.currency = currency
        self.items = items
    }

    package var totalPaise: Int64 { items.reduce(0) { $0 + $1.totalPaise } }
}

/// What one delivery earned.
package struct EarningsItem: Equatable, Sendable {
    package var orderID: Int64
    package var batchID: Int64?
    package var restaurantName: String
    package var deliveryAddress: String
    package var totalPaise: Int64
    package var distanceMetres: Int64?
    package var earnedAt: Int64

    package init(
        orderID: Int64, batchID: Int64?, restaurantName: String, deliveryAddress: String, totalPaise: Int64,
        distanceMetres: Int64?, earnedAt: Int64
    ) {
        self.orderID = orderID
        self.batchID = batchID
        self.restaurantName = restaurantName
        self.deliveryAddress = deliveryAddress
        self.totalPaise = totalPaise
        self.distanceMetres = distanceMetres
        self.earnedAt = earnedAt
    }
}

extension EarningsToday: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("date", date)
            writer.field("time_zone", timeZone)
            writer.field("currency", currency)
            writer.field("total", paise: totalPaise)
            writer.field("total_earnings", paise: totalPaise)
            writer.field("deliveries", items.count)
            writer.field("items", items)
        }
    }
}

extension EarningsItem: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("order_id", orderID)
            writer.field("batch_id", batchID)
            writer.field("restaurant_name", restaurantName)
            writer.field("delivery_address", deliveryAddress)
            writer.field("earnings", paise: totalPaise)
            writer.field("total_earning", paise: totalPaise)
            writer.field("distance_km", metres: distanceMetres)
            writer.field("earned_at", milliseconds: earnedAt)
        }
    }
}

/// `GET /earnings/history`.
package struct EarningsHistory: Equatable, Sendable {
    package struct Day: Equatable, Sendable {
        package var date: String
        package var totalPaise: Int64
        package var deliveries: Int64

        package init(date: String, totalPaise: Int64, deliveries: Int64) {
            self.date = date
            self.totalPaise = totalPaise
            self.deliveries = deliveries
        }
    }

    package var from: String
    package var to: String
    package var currency: String
    /// Over the whole range, not only over this page.
    package var totalPaise: Int64
    package var days: [Day]
    package var nextCursor: String?

    package init(from: String, to: String, currency: String, totalPaise: Int64, days: [Day], nextCursor: String?) {
        self.from = from
        self.to = to
        self.currency = currency
        self.totalPaise = totalPaise
        self.days = days
        self.nextCursor = nextCursor
    }
}

extension EarningsHistory: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("from", from)
            writer.field("to", to)
            writer.field("currency", currency)
            writer.field("total", paise: totalPaise)
            writer.field("total_earnings", paise: totalPaise)
            writer.field("items", days)
            writer.field("next_cursor", nextCursor)
        }
    }
}

extension EarningsHistory.Day: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("date", date)
            writer.field("total", paise: totalPaise)
            writer.field("deliveries", deliveries)
        }
    }
}

/// One span of `GET /drivers/stats`; `earnings` and `total` are equal, because two screens read different names.
package struct EarningsSpan: Equatable, Sendable {
    package var deliveries: Int64
    package var distanceMetres: Int64
    package var basePaise: Int64
    package var distancePaise: Int64
    package var bonusPaise: Int64
    package var totalPaise: Int64

    package init(
        deliveries: Int64 = 0, distanceMetres: Int64 = 0, basePaise: Int64 = 0, distancePaise: Int64 = 0,
        bonusPaise: Int64 = 0, totalPaise: Int64 = 0
    ) {
        self.deliveries = deliveries
        self.distanceMetres = distanceMetres
        self.basePaise = basePaise
        self.distancePaise = distancePaise
        self.bonusPaise = bonusPaise
        self.totalPaise = totalPaise
    }
}

extension EarningsSpan: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("deliveries", deliveries)
            writer.field("distance", metres: distanceMetres)
            writer.field("earnings", paise: totalPaise)
            writer.field("total", paise: totalPaise)
            writer.field("basePay", paise: basePaise)
            writer.field("distancePay", paise: distancePaise)
            writer.field("bonus", paise: bonusPaise)
        }
    }
}

/// `GET /drivers/stats` for the driver app.
package struct DriverStats: Equatable, Sendable {
    package var today: EarningsSpan
    package var week: EarningsSpan
    package var month: EarningsSpan
    package var lifetimePaise: Int64
    package var paidPaise: Int64
    package var lastPaymentPaise: Int64?
    /// Milliseconds since 1970.
    package var lastPaymentAt: Int64?
    package var completed: Int64
    package var cancelled: Int64
    package var rating: Double

    package init(
        today: EarningsSpan, week: EarningsSpan, month: EarningsSpan, lifetimePaise: Int64, paidPaise: Int64 = 0,
        completed: Int64, cancelled: Int64, rating: Double = 5
    ) {
        self.today = today
        self.week = week
        self.month = month
        self.lifetimePaise = lifetimePaise
        self.paidPaise = paidPaise
        self.completed = completed
        self.cancelled = cancelled
        self.rating = rating
    }
}

extension DriverStats: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("today", today)
            writer.field("week", week)
            writer.field("month", month)
            writer.key("summary")
            writer.object { writer in
                writer.field("lifetime_earnings", paise: lifetimePaise)
                writer.field("total_paid_earnings", paise: paidPaise)
                writer.field("total_pending_earnings", paise: lifetimePaise - paidPaise)
                writer.field("total_deliveries", completed)
                writer.field("last_payment_amount", paise: lastPaymentPaise)
                writer.field("last_payment_date", milliseconds: lastPaymentAt)
            }
            writer.field("total_completed", completed)
            writer.field("total_cancelled", cancelled)
            writer.field("rating", rating)
        }
    }
}
