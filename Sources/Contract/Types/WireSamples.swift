/// One value of each kind with everything in it and one with as little as there can be: together they show what each
/// field may hold.
enum WireSamples {
    typealias Kind = (name: String, samples: [any JSONWritable])

    static let moment: Int64 = 1_763_548_200_000
    static let point = WirePoint(latitude: 12.9352, longitude: 77.6245)

    static var values: [Kind] {
        [
            ("OrderItem", [OrderItem(name: "Dosa", quantity: 2, pricePaise: 8000)]), ("Order", orders),
            ("DriverProfile", [profile, bareProfile]),
            ("DriverRow", driverRows), ("Session", sessions),
            ("EarningsItem", [earningsItem]),
            (
                "EarningsToday",
                [EarningsToday(date: "2025-11-19", timeZone: "Asia/Kolkata", currency: "INR", items: [earningsItem])]
            ),
            ("EarningsHistory", histories), ("EarningsSpan", [EarningsSpan(deliveries: 1)]),
            ("DriverStats", stats), ("LocationRow", positions), ("Restaurant", restaurants),
            ("PoolRow", pools), ("DriverGroup", [group]), ("PoolOrders", [PoolOrders(pool: pools[0], orders: orders)]),
            (
                "PoolDetail",
                [
                    PoolDetail(
                        pool: pools[0], centre: point, radiusMetres: 10, driversNeeded: 1, assignedDrivers: 1,
                        groups: [group])
                ]
            ),
            (
                "AssignAnswer", [AssignAnswer(orders: [orders[0]], batchID: 1, warnings: ["driver_offline"])]
            ),
            ("PoolImportAnswer", [imported]), ("Presence", presences),
            ("DriverPresence", [DriverPresenceObject(driverID: 1, now: presences, events: presences)]),
            (
                "RestaurantWaiting",
                [
                    RestaurantWaiting(
                        restaurantID: 1, name: "R", stays: 1, medianMilliseconds: 1, ninetiethMilliseconds: 1,
                        expectedMilliseconds: 1),
                    RestaurantWaiting(
                        restaurantID: 1, name: nil, stays: 1, medianMilliseconds: 1, ninetiethMilliseconds: 1,
                        expectedMilliseconds: 1),
                ]
            ),
            (
                "Problem",
                [
                    Problem(
                        status: 422, code: "invalid_fields", title: "t", detail: "d", requestID: "r",
                        errors: [FieldError(field: "status", message: "m")]),
                    Problem(status: 404, code: "c", title: "t", detail: "d"),
                ]
            ),
        ]
    }

    static var serverMessages: [Kind] {
        [
            (
                "ConnectionAckMessage",
                [
                    ServerMessage.connectionAck(
                        ConnectionAck(
                            driverID: 1, serverTime: moment, status: "online", idleTimeoutSeconds: 300,
                            assignedCount: 0, lastEventSequence: 0))
                ]
            ),
            ("PongMessage", [ServerMessage.pong]),
            ("ErrorReply", [ServerMessage.error(ErrorMessage(code: "c", detail: "d"))]),
            (
                "OrderAssignedMessage",
                [
                    ServerMessage.orderAssigned(sequence: 1, offer),
                    ServerMessage.orderAssigned(sequence: 1, bareOffer),
                ]
            ),
            (
                "OrderCancelledMessage",
                [ServerMessage.orderCancelled(sequence: 1, OrderCancelled(orderID: 1, reason: "r"))]
            ),
            (
                "OrderUnassignedMessage",
                [ServerMessage.orderUnassigned(sequence: 1, OrderUnassigned(orderID: 1, reason: "r", code: "timeout"))]
            ),
        ]
    }

    static var clientMessages: [Kind] {
        var full = LocationUpdate(latitude: 12.9, longitude: 77.6)
        full.orderID = 1
        full.accuracy = 10
        full.heading = 90
        full.speed = 20
        full.batteryLevel = 80
        full.recordedAt = moment
        return [
            (
                "LocationUpdateMessage",
                [DriverMessage.location(full), DriverMessage.location(LocationUpdate(latitude: 1, longitude: 1))]
            ),
            ("PingMessage", [DriverMessage.ping]), ("AckMessage", [DriverMessage.ack(sequence: 1)]),
        ]
    }

    static var adminMessages: [Kind] {
        [
            (
                "DriverLocationMessage",
                [
                    AdminMessage.driverLocation(
                        DriverLocationMessage(
                            driverID: 1, point: point, status: "ONLINE", speed: 1, heading: 1, batteryLevel: 1,
                            at: moment)),
                    AdminMessage.driverLocation(
                        DriverLocationMessage(driverID: 1, point: point, status: "ONLINE", at: moment)),
                ]
            ),
            (
                "OrderUpdateMessage",
                [
                    AdminMessage.orderUpdate(OrderUpdateMessage(orderID: 1, status: "ASSIGNED", driverName: "A")),
                    AdminMessage.orderUpdate(OrderUpdateMessage(orderID: 1, status: "PENDING", driverName: nil)),
                ]
            ),
            ("OrderStatusUpdateMessage", [AdminMessage.orderStatusUpdate]),
            ("DriverStatusUpdateMessage", [AdminMessage.driverStatusUpdate]),
            ("DriverPresenceMessage", presences.map(AdminMessage.driverPresence)),
            ("AssignmentsUndeliveredMessage", [AdminMessage.assignmentsUndelivered(count: 1)]),
            (
                "DriverLostMessage",
                [
                    AdminMessage.driverLost(
                        DriverLostMessage(driverID: 1, orderID: 1, status: "PICKED_UP", lastSeenAt: moment))
                ]
            ),
        ]
    }

    static var orders: [OrderObject] {
        let bare = OrderObject(id: 1, status: "PENDING", customerName: "A", deliveryAddress: "B", createdAt: moment)
        var full = bare
        full.poolID = 1
        full.zoneID = 1
        full.batchID = 1
        full.sequence = 1
        full.customerEmail = "a@example.org"
        full.delivery = point
        full.restaurantID = 1
        full.restaurantPhone = "1"
        full.pickup = point
        full.items = [OrderItem(name: "Dosa", quantity: 2, pricePaise: 8000)]
        full.driverID = 1
        full.driverName = "D"
        full.distanceMetres = 1
        full.durationMinutes = 1
        full.otp = "123456"
        full.specialInstructions = "s"
        full.externalOrderID = "x"
        full.bagUnits = 1
        full.cancelReason = "c"
        full.times.ready = moment
        full.times.promised = moment
        full.times.assigned = moment
        full.times.accepted = moment
        full.times.pickedUp = moment
        full.times.delivered = moment
        full.times.cancelled = moment
        return [full, bare]
    }

    private static var profile: DriverProfile {
        DriverProfile(
            id: 1, name: "A", email: "a@example.org", phone: "1", isOnline: true, accountStatus: "APPROVED",
            vehicleType: "motorbike", vehicleNumber: "KA-01", capacity: 3, createdAt: moment)
    }

    private static var bareProfile: DriverProfile {
        DriverProfile(
            id: 1, name: "A", email: nil, phone: nil, isOnline: true, accountStatus: "APPROVED", vehicleType: nil,
            capacity: 3, createdAt: moment)
    }

    private static var driverRows: [DriverRow] {
        [
            DriverRow(profile: profile, isAvailable: true, lastPoint: point, lastSeenAt: moment),
            DriverRow(profile: bareProfile, isAvailable: false),
        ]
    }

    private static var sessions: [SessionAnswer] {
        let driver = LoginDriver(
            id: 1, name: "A", email: "a@example.org", phone: "1", accountStatus: "APPROVED", isOnline: false)
        let admin = LoginAdmin(id: 1, email: "a@example.org", fullName: "A")
        return [
            SessionAnswer(accessToken: "a", refreshToken: "r", expiresIn: 1, account: .driver(driver)),
            SessionAnswer(accessToken: "a", refreshToken: "r", expiresIn: 1, account: .admin(admin)),
        ]
    }

    private static var earningsItem: EarningsItem {
        EarningsItem(
            orderID: 1, batchID: 1, restaurantName: "R", deliveryAddress: "A", totalPaise: 1, distanceMetres: 1,
            earnedAt: moment)
    }

    private static var histories: [EarningsHistory] {
        let day = EarningsHistory.Day(date: "2025-11-19", totalPaise: 1, deliveries: 1)
        return [nil, "2025-11-18"].map { cursor in
            EarningsHistory(
                from: "2025-11-18", to: "2025-11-19", currency: "INR", totalPaise: 1, days: [day], nextCursor: cursor)
        }
    }

    private static var stats: [DriverStats] {
        let span = EarningsSpan(deliveries: 1)
        let bare = DriverStats(today: span, week: span, month: span, lifetimePaise: 1, completed: 1, cancelled: 0)
        var full = bare
        full.lastPaymentPaise = 1
        full.lastPaymentAt = moment
        return [full, bare]
    }

    private static var positions: [LocationRow] {
        let bare = LocationRow(
            id: 1, driverID: 1, point: point, accuracy: nil, heading: nil, speed: nil, batteryLevel: nil,
            createdAt: moment, recordedAt: nil)
        let full = LocationRow(
            id: 1, driverID: 1, point: point, accuracy: 1, heading: 1, speed: 1, batteryLevel: 1, createdAt: moment,
            recordedAt: moment)
        return [full, bare]
    }

    private static var restaurants: [RestaurantObject] {
        [
            RestaurantObject(id: 1, name: "R", address: "A", phone: "1", point: point, externalRestaurantID: "r"),
            RestaurantObject(id: 1, name: "R", address: "A"),
        ]
    }

    private static var pools: [PoolRow] {
        var full = PoolRow(id: 1, externalPoolID: "p", status: "SYNCED", name: "n", createdAt: moment)
        full.closedAt = moment
        full.syncedAt = moment
        return [full, PoolRow(id: 1, externalPoolID: nil, status: "OPEN", name: nil, createdAt: moment)]
    }

    private static var group: DriverGroup {
        var group = DriverGroup(id: 1, driverID: 1, orderIDs: [1])
        group.restaurantIDs = [1]
        group.pickups = [DriverGroup.PickupStop(restaurantID: 1, name: "R", point: point, orderIDs: [1])]
        group.deliveries = [
            DriverGroup.DeliveryStop(
                orderID: 1, customerName: "A", address: "B", point: point, metresFromPrevious: 1)
        ]
        return group
    }

    private static var presences: [PresenceObject] {
        let bare = PresenceObject(driverID: 1, place: .zone, placeID: 1, beganAt: moment)
        var full = PresenceObject(driverID: 1, place: .restaurant, placeID: 1, beganAt: moment)
        full.id = 1
        full.name = "R"
        full.endedAt = moment
        full.waitedMilliseconds = 1
        return [full, bare]
    }

    private static var imported: PoolImportAnswer {
        PoolImportAnswer(
            rows: [
                PoolImportAnswer.Row(
                    index: 0, externalOrderID: "o", status: "inserted", orderID: 1, problem: nil, detail: nil),
                PoolImportAnswer.Row(
                    index: 1, externalOrderID: "o", status: "kept", orderID: nil, problem: "p", detail: "d"),
            ], listsProblemsOnly: false)
    }

    private static var bareOffer: OrderAssigned {
        OrderAssigned(
            orderID: 1, restaurantName: "R", pickupAddress: "P", deliveryAddress: "D", earningsPaise: 1,
            distanceMetres: 1, source: "engine")
    }

    private static var offer: OrderAssigned {
        var offer = bareOffer
        offer.batchID = 1
        offer.poolID = 1
        offer.pickup = point
        offer.delivery = point
        return offer
    }
}
