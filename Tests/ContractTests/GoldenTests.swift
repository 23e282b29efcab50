import Contract
import Foundation
import Testing

/// Every message of the contract as a file: decoded, compared, encoded again, compared again.
@Suite struct GoldenTests {
    static func golden(_ name: String) throws -> [UInt8] {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Golden"))
        return try Array(Data(contentsOf: url))
    }

    static let seedPosition = LocationUpdate(
        latitude: 28.7041, longitude: 77.1025, accuracy: 10.5, heading: 180, speed: 25.5, batteryLevel: 75,
        recordedAt: 1_763_548_200_000)

    static let seedOffer = OrderAssigned(
        orderID: 105, restaurantName: "Burger King", pickupAddress: "Koramangala 5th Block, Bangalore",
        deliveryAddress: "Indiranagar 100ft Road, Bangalore", earningsPaise: 4550, distanceMetres: 3200,
        source: "engine")

    static var batchOffer: OrderAssigned {
        var offer = seedOffer
        offer.batchID = 12
        offer.orderIDs = [105, 106]
        offer.restaurants = ["Burger King", "Café \"Zoé\""]
        offer.isPooled = true
        offer.poolID = 3
        offer.batchEarningsPaise = 8000
        offer.batchDistanceMetres = 5125
        offer.pickup = WirePoint(latitude: 12.9352, longitude: 77.6245)
        offer.delivery = WirePoint(latitude: 12.9719, longitude: 77.6412)
        return offer
    }

    static let driverMessages: [(String, DriverMessage)] = [
        ("driver_location_update", .location(seedPosition)), ("driver_ping", .ping), ("driver_ack", .ack(sequence: 42)),
    ]

    @Test(arguments: driverMessages)
    func aDriversMessageReadsAndWritesAsTheSeedSays(name: String, message: DriverMessage) throws {
        let bytes = try Self.golden(name)
        #expect(try DriverMessage.decode(bytes) == message)
        #expect(try JSON(parsing: message.jsonBytes) == JSON(parsing: bytes))
    }

    @Test func theDeployedAppsPositionReadsLikeTheSeeds() throws {
        let message = try DriverMessage.decode(try Self.golden("driver_location_update_app"))
        var expected = Self.seedPosition
        expected.heading = nil
        expected.speed = 91.8
        expected.batteryLevel = 100
        expected.recordedAt = 1_763_548_200_250
        expected.orderID = 105
        #expect(message == .location(expected))
    }

    static let serverMessages: [(String, ServerMessage)] = [
        ("server_pong", .pong),
        ("server_order_assigned", .orderAssigned(sequence: 7, batchOffer)),
        (
            "server_order_cancelled",
            .orderCancelled(
                sequence: nil, OrderCancelled(orderID: 105, reason: "Customer cancelled"))
        ),
        (
            "server_order_unassigned",
            .orderUnassigned(
                sequence: 9, OrderUnassigned(orderID: 105, reason: "Given to another driver", code: "reassigned"))
        ),
        (
            "server_connection_ack",
            .connectionAck(
                ConnectionAck(
                    driverID: 123, serverTime: 1_763_548_200_000, status: "online", idleTimeoutSeconds: 300,
                    assignedCount: 2, lastEventSequence: 41))
        ),
        ("server_error", .error(ErrorMessage(.badLatitude))),
    ]

    @Test(arguments: serverMessages)
    func aServersMessageReadsAndWritesTheSame(name: String, message: ServerMessage) throws {
        let json = try JSON(parsing: Self.golden(name))
        #expect(ServerMessage(json: json) == message)
        #expect(try JSON(parsing: message.jsonBytes) == json)
    }

    @Test func theSeedsSixKeysAreInEveryOffer() throws {
        let seed = try JSON(parsing: Self.golden("server_order_assigned_seed"))
        #expect(ServerMessage(json: seed) == .orderAssigned(sequence: nil, Self.seedOffer))
        let written = try JSON(parsing: ServerMessage.orderAssigned(sequence: 1, Self.seedOffer).jsonBytes)
        let data = try #require(seed["data"])
        guard case .object(let members) = data else {
            Issue.record("the seed's data is an object")
            return
        }
        #expect(members.count == 6)
        for member in members { #expect(written["data"]?[member.key] == member.value, "\(member.key)") }
    }

    static let adminMessages: [(String, AdminMessage)] = [
        (
            "admin_driver_location",
            .driverLocation(
                DriverLocationMessage(
                    driverID: 123, point: WirePoint(latitude: 28.7041, longitude: 77.1025), status: "ONLINE",
                    speed: 25.5,
                    heading: 180, batteryLevel: 75, at: 1_763_548_200_000))
        ),
        ("admin_order_update", .orderUpdate(OrderUpdateMessage(orderID: 105, status: "ASSIGNED", driverName: "Asha"))),
        ("admin_order_status_update", .orderStatusUpdate),
        ("admin_driver_status_update", .driverStatusUpdate),
        ("admin_assignments_undelivered", .assignmentsUndelivered(count: 3)),
        (
            "admin_driver_lost",
            .driverLost(
                DriverLostMessage(driverID: 123, orderID: 105, status: "PICKED_UP", lastSeenAt: 1_763_548_200_000))
        ),
        ("admin_connection_ack", .connectionAck(serverTime: 1_763_548_200_000)),
    ]

    @Test(arguments: adminMessages)
    func anAdminsMessageReadsAndWritesTheSame(name: String, message: AdminMessage) throws {
        let json = try JSON(parsing: Self.golden(name))
        #expect(AdminMessage(json: json) == message)
        #expect(try JSON(parsing: message.jsonBytes) == json)
    }

    @Test func aPongHasExactlyTheBytesOfTheSeed() {
        #expect(ServerMessage.pong.jsonBytes == ServerMessage.pongBytes)
        #expect(String(decoding: ServerMessage.pongBytes, as: UTF8.self) == #"{"type":"pong"}"#)
    }
}
