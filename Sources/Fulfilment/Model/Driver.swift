package import DispatchCore

/// A driver's account as the house knows it: no password, no position.
package struct DriverAccount: Sendable, Equatable {
    package let id: DriverID
    package var name: String
    package var phone: String
    package var email: String?
    package var standing: AccountStanding
    package var availability: Availability
    package var vehicleType: VehicleType
    package var vehicleNumber: String?
    package var vehicleRegistration: String?
    /// Most orders at once.
    package var capacity: Int
    /// Most bag units at once.
    package var bagUnits: Int
    package var shiftEndsAt: Timestamp?
    package var rating: Double
    package var completedOrders: Int
    package var cancelledOrders: Int
    /// Raised by logout, blocking and password change: tokens of an older epoch are dead.
    package var tokenEpoch: Int64
    package var createdAt: Timestamp
    package var bank: BankDetails

    package init(id: DriverID, name: String, phone: String, email: String?, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.phone = phone
        self.email = email
        self.standing = .approved
        self.availability = .unsaid
        self.vehicleType = .motorbike
        self.capacity = 3
        self.bagUnits = 6
        self.rating = 5
        self.completedOrders = 0
        self.cancelledOrders = 0
        self.tokenEpoch = 0
        self.createdAt = createdAt
        self.bank = BankDetails()
    }
}

/// Where the driver's pay goes; kept for the console, never read by the house.
package struct BankDetails: Sendable, Equatable, Codable {
    package var accountHolder: String?
    package var accountNumber: String?
    package var ifsc: String?
    package var bankName: String?
    package var upi: String?

    package init() {}
}

/// What the admins think of an account.
package enum AccountStanding: String, CaseIterable, Sendable, Codable {
    case pending = "PENDING"
    case approved = "APPROVED"
    case blocked = "BLOCKED"
}

/// The driver's own word. A driver who has never said anything becomes available with his first stored position.
package enum Availability: String, CaseIterable, Sendable, Codable {
    case unsaid
    case online
    case offline
}

/// What a driver drives.
package enum VehicleType: String, CaseIterable, Sendable, Codable {
    case bicycle
    case motorbike
    case car
}

/// What an admin gives to make a driver's account.
package struct DriverDraft: Sendable, Equatable {
    package var name: String
    package var phone: String
    package var email: String?
    package var passwordHash: String
    package var vehicleType: VehicleType
    package var vehicleNumber: String?
    package var vehicleRegistration: String?
    package var capacity: Int
    package var standing: AccountStanding

    package init(name: String, phone: String, email: String?, passwordHash: String) {
        self.name = name
        self.phone = phone
        self.email = email
        self.passwordHash = passwordHash
        self.vehicleType = .motorbike
        self.capacity = 3
        self.standing = .approved
    }
}

/// A change of an account; nil leaves a part as it is.
package struct DriverPatch: Sendable, Equatable {
    package var standing: AccountStanding?
    package var availability: Availability?
    package var passwordHash: String?
    package var capacity: Int?
    package var bagUnits: Int?
    package var vehicleType: VehicleType?
    package var name: String?
    package var phone: String?
    package var email: String?
    package var vehicleNumber: String?
    package var vehicleRegistration: String?
    package var shiftEndsAt: Timestamp?
    package var bank: BankDetails?
    /// Kills every token issued before.
    package var raisesTokenEpoch: Bool

    package init() {
        self.raisesTokenEpoch = false
    }
}

/// An admin's account as the house knows it.
package struct AdminAccount: Sendable, Equatable {
    package let id: AdminID
    package var email: String
    package var fullName: String
    package var tokenEpoch: Int64

    package init(id: AdminID, email: String, fullName: String, tokenEpoch: Int64) {
        self.id = id
        self.email = email
        self.fullName = fullName
        self.tokenEpoch = tokenEpoch
    }
}

/// A place where food is picked up.
package struct Restaurant: Sendable, Equatable {
    package let id: RestaurantID
    package var place: RestaurantDraft

    package init(id: RestaurantID, place: RestaurantDraft) {
        self.id = id
        self.place = place
    }
}
