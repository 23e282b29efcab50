import Contract
import Testing

@Suite struct BodyTests {
    private func fields(_ body: () throws -> Void) -> [String] {
        do { try body() } catch let refusal as BodyRefusal {
            if case .fields(let errors) = refusal { return errors.map(\.field) }
            return ["unreadable"]
        } catch { return ["other"] }
        return []
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(arguments: ["identity", "email", "phone", "phone_number", "username"])
    func aLogInIsReadInEverySpelling(name: String) throws {
        let expected = LoginRequest(identity: "a@b.in", password: "p +w")
        #expect(
            try LoginRequest(
                body: bytes(#"{"\#(name)":" a@b.in ","password":"p +w"}"#), contentType: "application/json") == expected
        )
        let form = bytes("\(name)=a%40b.in&password=p+%2Bw")
        #expect(
            try LoginRequest(body: form, contentType: "application/x-www-form-urlencoded; charset=utf-8") == expected)
    }

    @Test func aLogInNamesEveryMissingField() {
        #expect(fields { _ = try LoginRequest(body: bytes("{}"), contentType: nil) } == ["identity", "password"])
        #expect(fields { _ = try LoginRequest(body: bytes("[1]"), contentType: nil) } == ["unreadable"])
        #expect(
            fields {
                _ = try LoginRequest(body: bytes("identity=%zz"), contentType: "application/x-www-form-urlencoded")
            } == ["unreadable"])
    }

    @Test func aPhoneNumberMayBeANumber() throws {
        #expect(
            try LoginRequest(body: bytes(#"{"phone":9876543210,"password":"x"}"#), contentType: nil).identity
                == "9876543210")
    }

    @Test(arguments: ["refresh_token", "refreshToken"])
    func aRefreshIsReadInBothSpellings(name: String) throws {
        #expect(try RefreshRequest(body: bytes(#"{"\#(name)":"r"}"#), contentType: nil).refreshToken == "r")
    }

    @Test(arguments: [
        ("picked-up", OrderStatusRequest.Step.pickedUp), ("Picked up", .pickedUp), ("completed", .delivered),
        ("CANCELED", .cancelled),
        ("on_the_way", .inTransit), ("in transit", .inTransit), ("rejected", .rejected), ("accepted", .accepted),
        ("DELIVERED", .delivered),
    ])
    func aStatusIsReadInEverySpelling(word: String, step: OrderStatusRequest.Step) throws {
        #expect(try OrderStatusRequest(body: bytes(#"{"status":"\#(word)"}"#)).step == step)
    }

    @Test func anUnknownStatusIsAFieldError() {
        #expect(fields { _ = try OrderStatusRequest(body: bytes(#"{"status":"flying"}"#)) } == ["status"])
    }

    @Test(arguments: [
        (#"{"status":"online"}"#, true), (#"{"status":"OFFLINE"}"#, false), (#"{"is_online":true}"#, true),
        (#"{"is_online":"false"}"#, false),
    ])
    func aDriversStatusIsReadInBothShapes(body: String, isOnline: Bool) throws {
        #expect(try DriverStatusRequest(body: bytes(body)).isOnline == isOnline)
    }

    @Test(arguments: ["null", "", " ", "{}"])
    func anEmptyBodyIsAnObjectWithoutMembers(body: String) throws {
        #expect(try CancelOrderRequest(body: bytes(body)).by == .admin)
        #expect(fields { _ = try DriverStatusRequest(body: bytes(body)) } == ["status"])
    }

    @Test func theConsolesOrderIsRead() throws {
        let order = try CreateOrderRequest(
            body: bytes(
                #"""
                {"customer_name":"Ravi","customer_phone":"98","delivery_address":"12 MG Road","delivery_lat":12.97,"delivery_lng":77.6,
                 "special_instructions":"","restaurant_id":"7","items":[{"name":"Dosa","quantity":2,"price":45.5}],"order_total":91}
                """#))
        #expect(order.pickup == .restaurant(id: 7))
        #expect(order.items == [OrderItem(name: "Dosa", quantity: 2, pricePaise: 4550)])
        #expect(order.orderTotalPaise == 9100)
        #expect(order.delivery == WirePoint(latitude: 12.97, longitude: 77.6))
        #expect(order.specialInstructions == nil)
    }

    @Test func anOrderMayBringItsRestaurant() throws {
        let order = try CreateOrderRequest(
            body: bytes(
                #"""
                {"customer_name":"Ravi","delivery_address":"x","latitude":12.97,"longitude":77.6,"restaurant_name":"BK",
                 "pickup_address":"y","pickup_latitude":12.9,"pickup_longitude":77.5,"earnings":45.50,"distance_km":3.2,"ready_at":"2025-11-19T10:30:00Z"}
                """#))
        #expect(
            order.pickup
                == .inline(name: "BK", address: "y", phone: nil, point: WirePoint(latitude: 12.9, longitude: 77.5)))
        #expect(order.driverEarningsPaise == 4550)
        #expect(order.distanceMetres == 3200)
        #expect(order.readyAt == 1_763_548_200_000)
    }

    @Test func everyBadFieldOfAnOrderIsNamedAtOnce() {
        let body = #"""
            {"customer_name":"","delivery_address":7,"delivery_lat":91,"delivery_lng":77,"items":[{"quantity":0,"price":-1}],"order_total":"x","ready_at":"soon"}
            """#
        let expected = [
            "customer_name", "delivery_lat", "items[0].name", "items[0].quantity", "items[0].price", "order_total",
            "ready_at", "restaurant_id",
        ]
        #expect(fields { _ = try CreateOrderRequest(body: bytes(body)) } == expected)
    }

    @Test func anAssignmentTakesIdsAsNumbersOrText() throws {
        let request = try AssignRequest(
            body: bytes(#"{"order_ids":[1,"2",1],"driver_id":"9","driver_earnings":null}"#), needsOrders: true)
        #expect(
            request
                == AssignRequest(orderIDs: [1, 2], driverID: 9, driverEarningsPaise: nil, force: false, reason: nil))
        #expect(fields { _ = try AssignRequest(body: bytes("{}"), needsOrders: true) } == ["order_ids", "driver_id"])
    }

    @Test func textWithANulCharacterIsRefused() {
        #expect(fields { _ = try RestaurantRequest(body: bytes(#"{"name":"a\u0000b"}"#), isNew: false) } == ["name"])
    }
}

@Suite struct AnswerTests {
    private func json(_ value: some JSONWritable) throws -> JSON { try JSON(parsing: value.jsonBytes) }

    @Test func anOrderServesTheSeedAndBothApps() throws {
        var order = OrderObject(id: 105, status: "ASSIGNED", customerName: "Ravi", deliveryAddress: "x", createdAt: 0)
        order.driverEarningsPaise = 4550
        order.distanceMetres = 3200
        order.orderTotalPaise = 9100
        order.items = [OrderItem(name: "Dosa", quantity: 2, pricePaise: 4550)]
        let json = try json(order)
        for key in ["id", "order_id"] { #expect(json[key]?.int64 == 105) }
        for key in ["earnings", "driver_earnings"] { #expect(json[key]?.double == 45.5) }
        for key in ["order_total", "total_amount"] { #expect(json[key]?.double == 91) }
        for key in ["distance_km", "estimated_distance_km"] { #expect(json[key]?.double == 3.2) }
        #expect(json["items_json"] == json["items"])
        #expect(json["items"]?.elements?.first?["subtotal"]?.int64 == 9100)
        #expect(json["pool_id"] == .null)
        #expect(json["created_at"]?.text == "1970-01-01T00:00:00Z")
    }

    @Test func aProblemSaysDetailAndMessageAlike() throws {
        let refusal = BodyRefusal.fields([FieldError(field: "driver_id", message: "is required")])
        let json = try json(refusal.problem)
        #expect(json["status"]?.int64 == 422)
        #expect(json["detail"]?.text == "driver_id: is required")
        #expect(json["message"] == json["detail"])
        #expect(json["errors"]?.elements?.count == 1)
        #expect(BodyRefusal.unreadable("x").problem.status == 400)
    }

    @Test func aLogInCarriesBothTokensAndTheDriver() throws {
        let driver = LoginDriver(
            id: 1, name: "Asha", email: nil, phone: "9", accountStatus: "APPROVED", isOnline: false)
        let json = try json(
            SessionAnswer(accessToken: "a", refreshToken: "r", expiresIn: 43200, account: .driver(driver)))
        #expect(json["refresh_token"]?.text == "r")
        #expect(json["driver"]?["status"]?.text == "APPROVED")
        #expect(json["driver"]?["is_verified"]?.boolean == true)
        #expect(json["driver_id"]?.int64 == 1)
    }

    @Test func earningsAddUpInWholePaise() throws {
        let items = (1...10).map {
            EarningsItem(
                orderID: $0, batchID: nil, restaurantName: "", deliveryAddress: "", totalPaise: 10, distanceMetres: nil,
                earnedAt: 0)
        }
        let json = try json(EarningsToday(date: "2025-11-19", timeZone: "Asia/Kolkata", currency: "INR", items: items))
        #expect(json["total"]?.double == 1)
        #expect(json["deliveries"]?.int64 == 10)
    }
}
