import Contract
import DispatchCore
import Fulfilment
import Geo
import HTTPTypes
import Identity

/// Drivers as admins see and change them.
struct FleetRoutes: RouteGroup {
    private let parts: API.Parts
    private var house: House { parts.house }
    private let view: DriverView

    init(_ parts: API.Parts) {
        self.parts = parts
        view = DriverView(house: parts.house)
    }

    var routes: [Route] {
        [
            Route(.get, "/api/v1/drivers", .admin, list),
            Route(.post, "/api/v1/drivers", .admin, create),
            Route(.get, "/api/v1/available-drivers", .admin, available),
            Route(.get, "/api/v1/drivers/near", .admin, near),
            Route(.get, "/api/v1/drivers/{id}", .admin, one),
            Route(.patch, "/api/v1/drivers/{id}", .admin, patch),
            Route(.patch, "/api/v1/drivers/{id}/status", .admin, setStatus),
            Route(.get, "/api/v1/drivers/{id}/locations", .admin, locations),
        ]
    }

    private func list(_ exchange: Exchange) async throws -> Reply {
        let rows = try await view.rows(
            try await house.accounts.drivers(standing: try standing(exchange.query["status"])))
        guard exchange.wantsGeoJSON else { return .list(rows) }
        return .geoJSON { writer in
            writer.features(rows.filter { $0.lastPoint != nil }) { row in row.lastPoint }
        }
    }

    private func standing(_ text: String?) throws -> AccountStanding? {
        guard let word = text?.uppercased(), word != "ALL" else { return nil }
        if word == "ACTIVE" { return .approved }
        guard let standing = AccountStanding(rawValue: word) else {
            throw Problems.field("status", "must be approved, pending or blocked")
        }
        return standing
    }

    private func available(_ exchange: Exchange) async throws -> Reply {
        .list(try await view.rows(try await house.accounts.drivers(standing: .approved)).filter(\.isAvailable))
    }

    private func account(_ exchange: Exchange) async throws -> DriverAccount {
        let id = DriverID(try exchange.id("id"))
        guard let account = try await house.accounts.driver(id) else { throw FulfilmentError.unknownDriver(id) }
        return account
    }

    private func row(_ account: DriverAccount) async throws -> Reply {
        guard let row = try await view.rows([account]).first else { throw FulfilmentError.unknownDriver(account.id) }
        return .json(row)
    }

    private func one(_ exchange: Exchange) async throws -> Reply {
        try await row(try await account(exchange))
    }

    private func create(_ exchange: Exchange) async throws -> Reply {
        let request = try CreateDriverRequest(body: exchange.body)
        var draft = DriverDraft(
            name: request.name, phone: request.phone, email: request.email,
            passwordHash: try await parts.hasher.hash(request.password))
        if let type = request.vehicleType { draft.vehicleType = try VehicleType(tolerant: type) }
        draft.vehicleNumber = request.vehicleNumber
        if let capacity = request.capacity { draft.capacity = Int(capacity) }
        let account = try await DriverDesk(house).create(draft, idempotency: try exchange.idempotencyKey())
        var reply = try await row(account)
        reply.status = .created
        return reply
    }

    private func setStatus(_ exchange: Exchange) async throws -> Reply {
        let request = try AccountStatusRequest(body: exchange.body)
        guard let standing = AccountStanding(rawValue: request.status) else {
            throw Problems.field("status", "must be approved, blocked or pending")
        }
        let id = DriverID(try exchange.id("id"))
        let account = try await DriverDesk(house).setStanding(standing, of: id, by: try exchange.admin())
        if standing == .blocked {
            parts.epochs.end(AccountKey(role: .driver, id: id.rawValue), through: account.tokenEpoch - 1)
        }
        return try await row(account)
    }

    /// Particulars and bank details; what is not sent stays.
    private func patch(_ exchange: Exchange) async throws -> Reply {
        var reader = try BodyReader(exchange.body)
        let known = try await account(exchange)
        var patch = DriverPatch()
        patch.capacity = reader.integer("capacity", in: 1...64).map { Int($0) }
        if let type = reader.text("vehicle_type", limit: 40) { patch.vehicleType = try VehicleType(tolerant: type) }
        patch.name = reader.text("name", limit: 200)
        patch.phone = reader.text("phone", "phone_number", limit: 40)
        patch.email = reader.text("email", limit: 254)
        patch.vehicleNumber = reader.text("vehicle_number", limit: 40)
        patch.vehicleRegistration = reader.text("vehicle_registration", limit: 40)
        patch.shiftEndsAt = reader.time("shift_ends_at").map { Timestamp(milliseconds: $0) }
        let bank = Self.bank(known.bank, &reader)
        try reader.finish()
        if bank != known.bank { patch.bank = bank }
        let account = try await DriverDesk(house).update(known.id, patch)
        return .object { writer in
            writer.field("id", account.id.rawValue)
            writer.field("driver_id", account.id.rawValue)
            writer.field("name", account.name)
            writer.field("phone", account.phone)
            writer.field("email", account.email)
            writer.field("capacity", account.capacity)
            writer.field("vehicle_type", account.vehicleType.rawValue)
            writer.field("vehicle_number", account.vehicleNumber ?? account.vehicleRegistration)
            writer.field("vehicle_registration", account.vehicleRegistration ?? account.vehicleNumber)
            BankFields(account.bank).write(into: &writer)
        }
    }

    /// What is sent replaces what is known; the console sends an emptied field as an empty text.
    private static func bank(_ known: BankDetails, _ reader: inout BodyReader) -> BankDetails {
        func isEmptied(_ names: String...) -> Bool {
            reader.body.first(of: names)?.text?.allSatisfy(\.isWhitespace) == true
        }
        var bank = known
        if isEmptied("bank_account_holder_name", "bank_account_holder", "account_holder_name") {
            bank.accountHolder = nil
        }
        if isEmptied("bank_account_number", "account_number") { bank.accountNumber = nil }
        if isEmptied("bank_ifsc_code", "ifsc_code", "ifsc") { bank.ifsc = nil }
        if isEmptied("bank_name") { bank.bankName = nil }
        if isEmptied("upi_id", "upi") { bank.upi = nil }
        bank.accountHolder =
            reader.text("bank_account_holder_name", "bank_account_holder", "account_holder_name", limit: 200)
            ?? bank.accountHolder
        bank.accountNumber = reader.text("bank_account_number", "account_number", limit: 40) ?? bank.accountNumber
        bank.ifsc = reader.text("bank_ifsc_code", "ifsc_code", "ifsc", limit: 40) ?? bank.ifsc
        bank.bankName = reader.text("bank_name", limit: 200) ?? bank.bankName
        bank.upi = reader.text("upi_id", "upi", limit: 200) ?? bank.upi
        return bank
    }

    /// Newest first.
    private func locations(_ exchange: Exchange) async throws -> Reply {
        let account = try await account(exchange)
        let limit = try exchange.query.integer("limit", in: 1...10_000) ?? 100
        let rows = try await house.locations.fixes(of: account.id, limit: Int(limit)).map { stored in
            LocationRow(
                id: stored.id, driverID: stored.fix.driverID.rawValue, point: WirePoint(stored.fix.point),
                accuracy: stored.fix.accuracy, heading: stored.fix.heading, speed: stored.fix.speed,
                batteryLevel: stored.fix.batteryLevel.map(Int64.init), createdAt: stored.fix.receivedAt.milliseconds,
                recordedAt: stored.fix.recordedAt?.milliseconds)
        }
        guard exchange.wantsGeoJSON else { return .list(rows) }
        return .geoJSON { writer in writer.features(rows) { $0.point } }
    }

    /// Available drivers with a fresh position, nearest by estimated travel time first; with `free` those who can take
    /// another order, with `vehicle` those who have one.
    private func near(_ exchange: Exchange) async throws -> Reply {
        guard let latitude = try exchange.query.number("lat", "latitude", in: -90...90) else {
            throw Problems.field("lat", "is required")
        }
        guard let longitude = try exchange.query.number("lon", "lng", "longitude", in: -180...180) else {
            throw Problems.field("lon", "is required")
        }
        guard let target = GeoPoint(latitude: latitude, longitude: longitude) else {
            throw Problems.field("lat", "is not on the globe")
        }
        let limit = Int(try exchange.query.integer("limit", in: 1...1000) ?? 20)
        let radius = Metres(try exchange.query.number("radius_km", in: 0.01...20_100).map { $0 * 1000 } ?? 10_000)
        let wanted = DriverFilter(
            onlyFree: try exchange.query.boolean("free") ?? false,
            vehicle: try exchange.query["vehicle"].map { try VehicleType(tolerant: $0, field: "vehicle") })
        // Straight lines and ways rank differently, so more are taken from the index than are shown.
        let candidates = house.fleet.nearest(
            limit * 3, to: target, within: radius, matching: wanted, at: exchange.now)
        let seen = candidates.compactMap { member, _ in member.lastFix.map { (member: member, point: $0.point) } }
        let times: any TravelTimes = house.travelTimes ?? house.estimator
        let ways = await times.matrix(
            from: seen.map(\.point), to: [target],
            under: TravelConditions(vehicle: .motorcycle, hour: house.settings.hour(at: exchange.now)))
        let sightings = seen.enumerated().map { row, driver in
            NearDriver(member: driver.member, point: driver.point, leg: ways[row, 0])
        }
        let nearest = sightings.sorted {
            ($0.leg.milliseconds, $0.member.account.id) < ($1.leg.milliseconds, $1.member.account.id)
        }.prefix(limit)
        guard exchange.wantsGeoJSON else { return .list(Array(nearest)) }
        return .geoJSON { writer in writer.features(Array(nearest)) { WirePoint($0.point) } }
    }
}

private struct NearDriver: JSONWritable {
    let member: FleetMember
    let point: GeoPoint
    let leg: TravelLeg

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("driver_id", member.account.id.rawValue)
            writer.field("id", member.account.id.rawValue)
            writer.field("name", member.account.name)
            writer.field("latitude", point.latitude)
            writer.field("longitude", point.longitude)
            writer.field("travel_time_s", (leg.milliseconds + 500) / 1000)
            writer.field("distance_km", metres: leg.metres)
            writer.field("source", leg.source == .route ? "route" : "estimate")
            writer.field("last_seen_at", milliseconds: member.lastSeen?.milliseconds)
        }
    }
}

extension VehicleType {
    init(tolerant text: String, field: String = "vehicle_type") throws {
        switch text.lowercased() {
        case "bicycle", "bike", "cycle": self = .bicycle
        case "motorbike", "motorcycle", "scooter", "two_wheeler", "two-wheeler": self = .motorbike
        case "car", "van": self = .car
        default: throw Problems.field(field, "must be bicycle, motorbike or car")
        }
    }
}

extension JSONWriter {
    /// A feature collection (RFC 7946: longitude first) whose features carry the values themselves as properties.
    mutating func features<Value: JSONWritable>(_ values: [Value], point: (Value) -> WirePoint?) {
        field("type", "FeatureCollection")
        key("features")
        array(values) { writer, value in
            writer.object { writer in
                writer.field("type", "Feature")
                writer.key("geometry")
                if let point = point(value) {
                    writer.object { writer in
                        writer.field("type", "Point")
                        writer.key("coordinates")
                        writer.array([point.longitude, point.latitude]) { $0.double($1) }
                    }
                } else {
                    writer.null()
                }
                writer.field("properties", value)
            }
        }
    }
}

extension BankFields {
    init(_ bank: BankDetails) {
        self.init(
            accountHolder: bank.accountHolder, accountNumber: bank.accountNumber, ifsc: bank.ifsc,
            bankName: bank.bankName, upi: bank.upi)
    }
}
