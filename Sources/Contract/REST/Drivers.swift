/// What a driver sees of himself: `GET /driver/profile` and the answer to `PUT /driver/status`.
package struct DriverProfile: Equatable, Sendable {
    package var id: Int64
    package var name: String
    package var email: String?
    package var phone: String?
    package var isOnline: Bool
    /// The account's status in upper case.
    package var accountStatus: String
    package var vehicleType: String?
    package var vehicleNumber: String?
    /// Orders he can carry at once.
    package var capacity: Int64
    package var assignedCount: Int64
    package var completedOrders: Int64
    package var createdAt: Int64

    package init(
        id: Int64, name: String, email: String?, phone: String?, isOnline: Bool, accountStatus: String,
        vehicleType: String?, vehicleNumber: String? = nil, capacity: Int64, assignedCount: Int64 = 0,
        completedOrders: Int64 = 0, createdAt: Int64
    ) {
        self.id = id
        self.name = name
        self.email = email
        self.phone = phone
        self.isOnline = isOnline
        self.accountStatus = accountStatus
        self.vehicleType = vehicleType
        self.vehicleNumber = vehicleNumber
        self.capacity = capacity
        self.assignedCount = assignedCount
        self.completedOrders = completedOrders
        self.createdAt = createdAt
    }
}

extension DriverProfile: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("driver_id", id)
            writer.field("id", id)
            writer.field("name", name)
            writer.field("email", email)
            writer.field("phone", phone)
            writer.field("status", isOnline ? "online" : "offline")
            writer.field("is_online", isOnline)
            writer.field("account_status", accountStatus)
            writer.field("is_verified", accountStatus == "APPROVED" || accountStatus == "ACTIVE")
            writer.field("vehicle_type", vehicleType)
            writer.field("vehicle_number", vehicleNumber)
            writer.field("capacity", capacity)
            writer.field("assigned_count", assignedCount)
            writer.field("completed_orders", completedOrders)
            writer.field("created_at", milliseconds: createdAt)
        }
    }
}

/// One row of the console's lists of drivers; serves `/drivers` (reads `id`) and `/available-drivers` (reads
/// `driver_id`).
package struct DriverRow: Equatable, Sendable {
    package var profile: DriverProfile
    package var isAvailable: Bool
    package var cancelledOrders: Int64
    package var rating: Double
    /// The last known position and its time in milliseconds since 1970.
    package var lastPoint: WirePoint?
    package var lastSeenAt: Int64?

    package init(
        profile: DriverProfile, isAvailable: Bool, cancelledOrders: Int64 = 0, rating: Double = 5,
        lastPoint: WirePoint? = nil, lastSeenAt: Int64? = nil
    ) {
        self.profile = profile
        self.isAvailable = isAvailable
        self.cancelledOrders = cancelledOrders
        self.rating = rating
        self.lastPoint = lastPoint
        self.lastSeenAt = lastSeenAt
    }
}

extension DriverRow: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", profile.id)
            writer.field("driver_id", profile.id)
            writer.field("name", profile.name)
            writer.field("email", profile.email)
            writer.field("phone", profile.phone)
            writer.field("status", profile.accountStatus)
            writer.field("is_online", profile.isOnline)
            writer.field("is_available", isAvailable)
            writer.field("vehicle_type", profile.vehicleType)
            writer.field("vehicle_number", profile.vehicleNumber)
            writer.field("vehicle_registration", profile.vehicleNumber)
            writer.field("capacity", profile.capacity)
            writer.field("assigned_count", profile.assignedCount)
            writer.field("completed_orders", profile.completedOrders)
            writer.field("cancelled_orders", cancelledOrders)
            writer.field("rating", rating)
            writer.field("latitude", lastPoint?.latitude)
            writer.field("longitude", lastPoint?.longitude)
            writer.field("last_seen_at", milliseconds: lastSeenAt)
            writer.field("created_at", milliseconds: profile.createdAt)
        }
    }
}

/// A new driver, by an admin.
package struct CreateDriverRequest: Equatable, Sendable {
    package var name: String
    package var phone: String
    package var password: String
    package var email: String?
    package var vehicleType: String?
    package var vehicleNumber: String?
    package var capacity: Int64?

    package init(body: [UInt8]) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        name = reader.requiredText("name", limit: 200)
        phone = reader.requiredText("phone", "phone_number", limit: 40)
        password = reader.secret("password")
        if password.count < 6 { reader.reject("password", "must have at least 6 characters") }
        if password.utf8.count > 1024 { reader.reject("password", "must have at most 1024 bytes") }
        email = reader.text("email", limit: 254)
        vehicleType = reader.text("vehicle_type", limit: 40)
        vehicleNumber = reader.text("vehicle_number", "vehicle_registration", limit: 40)
        capacity = reader.integer("capacity", in: 1...64)
        try reader.finish()
    }
}

/// An admin's word on a driver's account: `approved` or `blocked` in any case.
package struct AccountStatusRequest: Equatable, Sendable {
    /// Upper case: `APPROVED`, `BLOCKED` or `PENDING`.
    package var status: String

    package init(body: [UInt8]) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        let word = reader.requiredText("status", limit: 20).uppercased()
        status = word == "ACTIVE" ? "APPROVED" : word
        if reader.errors.isEmpty, !["APPROVED", "BLOCKED", "PENDING"].contains(status) {
            reader.reject("status", "must be approved, blocked or pending")
        }
        try reader.finish()
    }
}

/// One stored position, of `GET /drivers/{id}/locations`.
package struct LocationRow: Equatable, Sendable {
    package var id: Int64
    package var driverID: Int64
    package var point: WirePoint
    package var accuracy: Double?
    package var heading: Double?
    package var speed: Double?
    package var batteryLevel: Int64?
    /// When the server received it, in milliseconds since 1970.
    package var createdAt: Int64
    /// What the phone's clock said.
    package var recordedAt: Int64?

    package init(
        id: Int64, driverID: Int64, point: WirePoint, accuracy: Double?, heading: Double?, speed: Double?,
        batteryLevel: Int64?, createdAt: Int64, recordedAt: Int64?
    ) {
        self.id = id
        self.driverID = driverID
        self.point = point
        self.accuracy = accuracy
        self.heading = heading
        self.speed = speed
        self.batteryLevel = batteryLevel
        self.createdAt = createdAt
        self.recordedAt = recordedAt
    }
}

extension LocationRow: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id)
            writer.field("driver_id", driverID)
            writer.field("latitude", point.latitude)
            writer.field("longitude", point.longitude)
            writer.field("accuracy", accuracy)
            writer.field("heading", heading)
            writer.field("speed", speed)
            writer.field("battery_level", batteryLevel)
            writer.field("created_at", milliseconds: createdAt)
            writer.field("recorded_at", milliseconds: recordedAt)
        }
    }
}
