/// A restaurant as lists and answers show it.
package struct RestaurantObject: Equatable, Sendable {
    package var id: Int64
    package var name: String
    package var address: String
    package var phone: String?
    package var point: WirePoint?
    package var externalRestaurantID: String?

    package init(
        id: Int64, name: String, address: String, phone: String? = nil, point: WirePoint? = nil,
        externalRestaurantID: String? = nil
    ) {
        self.id = id
        self.name = name
        self.address = address
        self.phone = phone
        self.point = point
        self.externalRestaurantID = externalRestaurantID
    }
}

extension RestaurantObject: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id)
            writer.field("restaurant_id", id)
            writer.field("name", name)
            writer.field("address", address)
            writer.field("phone", phone)
            writer.field("latitude", point?.latitude)
            writer.field("longitude", point?.longitude)
            writer.field("external_restaurant_id", externalRestaurantID)
        }
    }
}

/// A new restaurant or a change of one; in a change every field is optional and nil leaves it as it is.
package struct RestaurantRequest: Equatable, Sendable {
    package var name: String?
    package var address: String?
    package var phone: String?
    package var point: WirePoint?
    package var externalRestaurantID: String?
    /// Whether fields came with it that belong to payments to restaurants.
    package var speaksOfPayment: Bool

    private static let paymentFields = [
        "email", "bank_account_holder", "bank_account_holder_name", "account_holder_name", "bank_account_number",
        "account_number", "bank_ifsc_code", "ifsc_code", "bank_name", "upi_id", "commission_rate",
    ]

    /// - Parameter isNew: True when name, address and coordinates must be there.
    package init(body: [UInt8], isNew: Bool) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        name = isNew ? reader.requiredText("name", limit: 200) : reader.text("name", limit: 200)
        address = isNew ? reader.requiredText("address", limit: 1000) : reader.text("address", limit: 1000)
        phone = reader.text("phone", limit: 40)
        point = reader.point(latitude: ["latitude", "lat"], longitude: ["longitude", "lng"])
        if isNew, point == nil, !reader.errors.contains(where: { $0.field == "latitude" || $0.field == "longitude" }) {
            reader.reject("latitude", "is required, with longitude")
        }
        externalRestaurantID = reader.text("external_restaurant_id", limit: 200)
        speaksOfPayment = reader.body.first(of: Self.paymentFields) != nil
        try reader.finish()
    }
}
