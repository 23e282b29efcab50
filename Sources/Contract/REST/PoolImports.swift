/// Orders of a closed pool from another system: the upstream's webhook, or a file in the same shape.
///
/// Amounts are in paise, as the upstream sends them. A row that cannot be read whole is kept with its fault, so that
/// one bad row costs no other.
package struct PoolImportRequest: Sendable {
    /// What is said of a pool beside its orders.
    package struct Head: Equatable, Sendable {
        package var externalPoolID: String
        package var name: String?
        package var isOpen: Bool
        package var expectedOrders: Int64?
    }

    package var pools: [Head]
    package var rows: [PoolImportRow]

    /// Reads `{"orders": […], "pool": {…}}`, or a bare array of rows.
    package init(body: [UInt8]) throws(BodyRefusal) {
        let json: JSON
        do { json = try JSON(parsing: body) } catch {
            throw .unreadable("The body is not valid JSON: \(error).")
        }
        let elements: [JSON]
        var heads: [Head] = []
        if let bare = json.elements {
            elements = bare
        } else {
            var reader = BodyReader(json)
            guard json.isObject else { throw .unreadable("The body must be an object with orders, or a list of them.") }
            guard let listed = json["orders"]?.elements else {
                throw .fields([FieldError(field: "orders", message: "must be a list")])
            }
            elements = listed
            let named = json.first(of: ["pool"]).map { [$0] } ?? json["pools"]?.elements ?? []
            for (index, pool) in named.enumerated() {
                var head = BodyReader(pool)
                let id = head.requiredText("external_pool_id", "pool_id", "id", limit: 200)
                let word = head.text("status", limit: 20)?.uppercased()
                heads.append(
                    Head(
                        externalPoolID: id, name: head.text("name", limit: 200), isOpen: word == "OPEN",
                        expectedOrders: head.integer("total_orders", "expected_orders", in: 0...10_000_000)))
                reader.append(head.errors, under: "pool[\(index)]")
            }
            try reader.finish()
        }
        pools = heads
        let only = heads.count == 1 ? heads[0].externalPoolID : nil
        rows = elements.map { PoolImportRow($0, poolWhenUnsaid: only) }
    }
}

/// One order of an import.
package struct PoolImportRow: Sendable {
    /// Empty when the row has none: then it cannot be kept either.
    package var externalOrderID: String
    /// Empty when neither the row nor the import names one: the order belongs to no pool then.
    package var externalPoolID: String
    /// The upstream's id of the restaurant, or our own number.
    package var restaurant: String?
    package var restaurantName: String?
    package var restaurantAddress: String
    package var restaurantPhone: String?
    package var pickup: WirePoint?
    package var customerName: String
    package var customerPhone: String
    package var customerEmail: String?
    package var deliveryAddress: String
    package var delivery: WirePoint?
    package var items: [OrderItem]
    package var totalPaise: Int64
    package var specialInstructions: String?
    package var bagUnits: Int64
    package var readyAt: Int64?
    package var promisedAt: Int64?
    package var otp: String?
    /// Everything that is wrong with it, in one sentence; nil when it can become an order.
    package var fault: String?
    /// The row as it came.
    package let source: JSON

    /// - Parameter poolWhenUnsaid: The pool of rows that name none.
    package init(_ json: JSON, poolWhenUnsaid: String? = nil) {
        var reader = BodyReader(json)
        source = json
        externalOrderID = reader.text("order_id", "external_order_id", limit: 200) ?? ""
        externalPoolID = reader.text("pool_id", "external_pool_id", limit: 200) ?? poolWhenUnsaid ?? ""
        restaurant = reader.text("restaurant_id", "external_restaurant_id", limit: 200)
        restaurantName = reader.text("restaurant_name", limit: 200)
        restaurantAddress = reader.text("restaurant_address", "pickup_address", limit: 1000) ?? ""
        restaurantPhone = reader.text("restaurant_phone", limit: 40)
        pickup = reader.point(
            latitude: ["pickup_lat", "restaurant_lat", "pickup_latitude"],
            longitude: ["pickup_lng", "restaurant_lng", "pickup_longitude"])
        customerName = reader.requiredText("customer_name", limit: 200)
        customerPhone = reader.text("customer_phone", limit: 40) ?? ""
        customerEmail = reader.text("customer_email", limit: 254)
        deliveryAddress = reader.text("delivery_address", "customer_address", "address", limit: 1000) ?? ""
        delivery = reader.point(
            latitude: ["delivery_lat", "delivery_latitude", "customer_lat"],
            longitude: ["delivery_lng", "delivery_longitude", "customer_lng"])
        totalPaise = reader.integer("total_amount", "order_total", in: 0...1_000_000_000) ?? 0
        specialInstructions = reader.text("special_instructions", limit: 1000)
        bagUnits = reader.integer("bag_units", in: 1...100) ?? 1
        readyAt = reader.time("ready_at")
        promisedAt = reader.time("promised_at")
        otp = reader.text("otp", limit: 12)
        if let otp, otp.utf8.count != 6 || !otp.utf8.allSatisfy({ (48...57).contains($0) }) {
            reader.reject("otp", "must be six digits")
        }
        items = Self.items(&reader)
        if !json.isObject { reader.reject("order", "must be an object") }
        if externalOrderID.isEmpty { reader.reject("order_id", "is required") }
        fault =
            reader.errors.isEmpty
            ? nil : reader.errors.map { "\($0.field) \($0.message)" }.joined(separator: "; ")
    }

    private static func items(_ reader: inout BodyReader) -> [OrderItem] {
        guard let elements = reader.body.first(of: ["items", "items_json"])?.elements else { return [] }
        guard elements.count <= 200 else {
            reader.reject("items", "must have at most 200 items")
            return []
        }
        return elements.enumerated().map { index, element in
            var item = BodyReader(element)
            let name = item.requiredText("name", "dish_name", limit: 200)
            let quantity = item.integer("quantity", in: 1...1000) ?? 1
            let price = item.integer("price", "unit_price", in: 0...1_000_000_000) ?? 0
            reader.append(item.errors, under: "items[\(index)]")
            return OrderItem(name: name, quantity: quantity, pricePaise: price)
        }
    }
}

/// What an import did.
package struct PoolImportAnswer: Equatable, Sendable {
    package struct Row: Equatable, Sendable {
        /// Place in the import, from 0.
        package var index: Int
        package var externalOrderID: String
        /// `inserted`, `skipped`, `repaired`, `kept` or `refused`.
        package var status: String
        package var orderID: Int64?
        /// What is to be repaired; nil when nothing is.
        package var problem: String?
        package var detail: String?

        package init(
            index: Int, externalOrderID: String, status: String, orderID: Int64?, problem: String?, detail: String?
        ) {
            self.index = index
            self.externalOrderID = externalOrderID
            self.status = status
            self.orderID = orderID
            self.problem = problem
            self.detail = detail
        }
    }

    package var rows: [Row]
    /// Only rows with a problem are listed.
    package var listsProblemsOnly: Bool

    package init(rows: [Row], listsProblemsOnly: Bool) {
        self.rows = rows
        self.listsProblemsOnly = listsProblemsOnly
    }

    /// Rows with this status.
    package func count(_ status: String) -> Int { rows.count { $0.status == status } }
}

extension PoolImportAnswer: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        let problems = rows.filter { $0.problem != nil }
        writer.object { writer in
            writer.field("success", true)
            writer.field("inserted_count", count("inserted"))
            writer.field("skipped_count", count("skipped"))
            writer.field("repaired_count", count("repaired"))
            writer.field("kept_count", count("kept"))
            writer.field("refused_count", count("refused"))
            writer.field("problem_count", problems.count)
            writer.field("message", "\(count("inserted")) orders came in, \(count("kept")) wait for repair.")
            writer.field("rows", listsProblemsOnly ? problems : rows)
        }
    }
}

extension PoolImportAnswer.Row: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("index", index)
            writer.field("external_order_id", externalOrderID)
            writer.field("status", status)
            writer.field("order_id", orderID)
            writer.field("problem", problem)
            writer.field("detail", detail)
        }
    }
}
