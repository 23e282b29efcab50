/// The offer of an order: the seed's six keys and, always, those that the deployed app reads.
package struct OrderAssigned: Equatable, Sendable {
    package var orderID: Int64
    package var restaurantName: String
    package var pickupAddress: String
    package var deliveryAddress: String
    /// This order's earnings in paise; `earnings` in rupees on the wire.
    package var earningsPaise: Int64
    /// This order's distance in metres; `distance_km` on the wire.
    package var distanceMetres: Int64
    package var batchID: Int64?
    /// The order's place in its batch's route, from 1.
    package var sequenceInBatch: Int64
    /// Every order of the batch in route order.
    package var orderIDs: [Int64]
    /// Names of the batch's restaurants, in route order.
    package var restaurants: [String]
    package var isPooled: Bool
    package var poolID: Int64?
    package var batchEarningsPaise: Int64
    package var batchDistanceMetres: Int64
    /// Degrees; nil where the order came without coordinates.
    package var pickup: WirePoint?
    package var delivery: WirePoint?
    /// Shown to the driver as it is: a time of the region's clock, or "ASAP".
    package var pickupTime: String
    /// When the food can leave the restaurant, in milliseconds since 1970; nil where nobody said.
    package var readyAt: Int64?
    /// `engine` or `admin`.
    package var source: String

    /// An offer of one order alone; set the rest for a batch.
    package init(
        orderID: Int64, restaurantName: String, pickupAddress: String, deliveryAddress: String, earningsPaise: Int64,
        distanceMetres: Int64, source: String
    ) {
        self.orderID = orderID
        self.restaurantName = restaurantName
        self.pickupAddress = pickupAddress
        self.deliveryAddress = deliveryAddress
        self.earningsPaise = earningsPaise
        self.distanceMetres = distanceMetres
        sequenceInBatch = 1
        orderIDs = [orderID]
        restaurants = [restaurantName]
        isPooled = false
        batchEarningsPaise = earningsPaise
        batchDistanceMetres = distanceMetres
        pickupTime = "ASAP"
        self.source = source
    }
}

/// A place on the wire in degrees, not checked.
package struct WirePoint: Equatable, Sendable {
    package var latitude: Double
    package var longitude: Double

    package init(latitude: Double, longitude: Double) {
        self.latitude = latitude
        self.longitude = longitude
    }
}

extension OrderAssigned: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("order_id", orderID)
            writer.field("restaurant_name", restaurantName)
            writer.field("pickup_address", pickupAddress)
            writer.field("delivery_address", deliveryAddress)
            writer.field("earnings", paise: earningsPaise)
            writer.field("distance_km", metres: distanceMetres)
            writer.field("batch_id", batchID)
            writer.field("sequence", sequenceInBatch)
            writer.field("order_ids", orderIDs)
            writer.field("order_count", orderIDs.count)
            writer.field("restaurants", restaurants)
            writer.field("restaurant_count", restaurants.count)
            writer.field("is_pooled", isPooled)
            writer.field("pool_id", poolID)
            writer.field("batch_earnings", paise: batchEarningsPaise)
            writer.field("batch_distance_km", metres: batchDistanceMetres)
            writer.field("pickup_latitude", pickup?.latitude)
            writer.field("pickup_longitude", pickup?.longitude)
            writer.field("delivery_latitude", delivery?.latitude)
            writer.field("delivery_longitude", delivery?.longitude)
            writer.field("pickup_time", pickupTime)
            writer.field("source", source)
            writer.field("ready_at", milliseconds: readyAt)
        }
    }

    /// Reads an offer as a phone does: the seed's six keys are required, the rest has the meaning of a single order.
    package init?(json: JSON) {
        guard let orderID = json["order_id"]?.identifier, let restaurant = json["restaurant_name"]?.text,
            let pickup = json["pickup_address"]?.text, let delivery = json["delivery_address"]?.text,
            let earnings = json["earnings"]?.scaled(byPowerOfTen: 2),
            let distance = json["distance_km"]?.scaled(byPowerOfTen: 3)
        else { return nil }
        self.init(
            orderID: orderID, restaurantName: restaurant, pickupAddress: pickup, deliveryAddress: delivery,
            earningsPaise: earnings, distanceMetres: distance, source: json["source"]?.text ?? "engine")
        batchID = json["batch_id"]?.int64
        sequenceInBatch = json["sequence"]?.int64 ?? 1
        orderIDs = json["order_ids"]?.elements?.compactMap(\.identifier) ?? [orderID]
        restaurants = json["restaurants"]?.elements?.compactMap(\.text) ?? [restaurant]
        isPooled = json["is_pooled"]?.boolean ?? false
        poolID = json["pool_id"]?.int64
        batchEarningsPaise = json["batch_earnings"]?.scaled(byPowerOfTen: 2) ?? earnings
        batchDistanceMetres = json["batch_distance_km"]?.scaled(byPowerOfTen: 3) ?? distance
        self.pickup = WirePoint(json, latitude: "pickup_latitude", longitude: "pickup_longitude")
        self.delivery = WirePoint(json, latitude: "delivery_latitude", longitude: "delivery_longitude")
        pickupTime = json["pickup_time"]?.text ?? "ASAP"
        readyAt = json["ready_at"]?.text.flatMap { WireTime.parse($0) }
    }
}

extension WirePoint {
    init?(_ json: JSON, latitude: String, longitude: String) {
        guard let latitude = json[latitude]?.double, let longitude = json[longitude]?.double else { return nil }
        self.init(latitude: latitude, longitude: longitude)
    }
}

extension JSON {
    /// The number times a power of ten, on its decimal digits; nil for anything but a number in range.
    package func scaled(byPowerOfTen scale: Int) -> Int64? {
        if case .number(let number) = self { number.scaled(byPowerOfTen: scale) } else { nil }
    }
}
