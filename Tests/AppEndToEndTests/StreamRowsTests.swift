import Contract
import DriverClient
import Postgres
import TestSupport
import Testing

/// Section 1 of the contract, from the server's side: what a driver is told, when, and how often.
@Suite struct StreamRowsTests {
    @Test func anOfferHasTheSeedsSixKeysAndAllTheOthers() async throws {
        let server = try await Shared.plain.value
        let phone = try await server.hiredPhone()
        let orders = [try await server.placeOrder(), try await server.placeOrder(east: 30)]
        let answer = try await server.force(orders, to: phone.person, extra: #","driver_earnings":100.01"#)
        try await eventually(within: .seconds(1)) { phone.heard("order_assigned").count == 2 }
        let offers = phone.heard("order_assigned")
        let route = offers[0]["data"]?["order_ids"]?.elements?.compactMap(\.int64) ?? []
        #expect(Set(route) == Set(orders))
        for (index, message) in offers.enumerated() {
            #expect(message["seq"]?.int64 == Int64(index + 1))
            let data = try #require(message["data"])
            #expect(data["order_id"]?.int64 == route[index])
            #expect(data["restaurant_name"]?.text == "Burger King")
            #expect(data["pickup_address"]?.text == "Koramangala 5th Block")
            #expect(data["delivery_address"]?.text == "Indiranagar 100ft Road")
            #expect(data["batch_id"]?.int64 == answer["batch_id"]?.int64)
            #expect(data["sequence"]?.int64 == Int64(index + 1))
            #expect(data["order_ids"]?.elements?.compactMap(\.int64) == route)
            #expect(data["order_count"]?.int64 == 2)
            #expect(data["restaurants"]?.elements?.compactMap(\.text) == ["Burger King"])
            #expect(data["restaurant_count"]?.int64 == 1)
            #expect(data["is_pooled"]?.flag == true)
            #expect(data["pool_id"]?.isNull == true)
            #expect(data["batch_earnings"]?.double == 100.01)
            #expect((data["batch_distance_km"]?.double ?? 0) > 1)
            #expect((data["distance_km"]?.double ?? 0) > 1)
            #expect(data["pickup_latitude"]?.double == RunningServer.centre.latitude)
            #expect(data["pickup_longitude"]?.double == RunningServer.centre.longitude)
            #expect(data["delivery_latitude"]?.double != nil && data["delivery_longitude"]?.double != nil)
            #expect(data["pickup_time"]?.text?.isEmpty == false)
            #expect(data["source"]?.text == "admin")
        }
        let parts = offers.compactMap { $0["data"]?["earnings"]?.double }.map { ($0 * 100).rounded() }
        #expect(parts.reduce(0, +) == 10_001, "the parts of a batch add up")
        phone.socket.close()
    }

    @Test func aBatchIsOneMessageWithItsTotalsWhereTheSettingSaysSo() async throws {
        let server = try await Shared.hasty.value
        let phone = try await server.hiredPhone()
        let orders = [try await server.placeOrder(), try await server.placeOrder(east: 30)]
        try await server.force(orders, to: phone.person, extra: #","driver_earnings":90"#)
        let data = try #require(try await phone.hears("order_assigned")["data"])
        try await phone.settle()
        #expect(phone.heard("order_assigned").count == 1)
        #expect(data["earnings"]?.double == 90)
        #expect(data["order_count"]?.int64 == 2)
        #expect(data["distance_km"]?.double == data["batch_distance_km"]?.double)
        phone.socket.close()
    }

    @Test func theStreamHasNoGapAndIsWrittenWithItsChange() async throws {
        let server = try await Shared.plain.value
        let (first, second) = (try await server.hire(), try await server.hire())
        for round in 0..<4 {
            let order = try await server.placeOrder()
            try await server.force([order], to: round % 2 == 0 ? first : second)
            try await server.force([order], to: round % 2 == 0 ? second : first)
            _ = try await server.post("orders/\(order)/cancel", as: server.admin, #"{"by":"customer"}"#)
        }
        for driver in [first, second] {
            let count = try await server.number(
                "SELECT count(*) FROM driver_events WHERE driver_id = $1", [.int8(driver.id)])
            let last = try await server.number(
                "SELECT max(seq) FROM driver_events WHERE driver_id = $1", [.int8(driver.id)])
            #expect(count == last && count == 8)
        }
        // The transaction that wrote an assignment's hold wrote its event.
        let apart = try await server.number(
            """
            SELECT count(*) FROM holds h JOIN driver_events e ON e.order_id = h.order_id AND e.driver_id = h.driver_id \
            AND e.kind = 'orderAssigned' AND e.created_at = h.assigned_at \
            WHERE h.driver_id = ANY ($1) AND e.body IS NULL
            """, [.int8Array([first.id, second.id])])
        #expect(apart == 0)
    }

    @Test func endingsAreToldToTheirDriverAloneWithReasonAndCode() async throws {
        let server = try await Shared.plain.value
        let (old, new) = (try await server.hiredPhone(), try await server.hiredPhone())
        let order = try await server.placeOrder()
        try await server.force([order], to: old.person)
        _ = try await old.hears("order_assigned")
        try await server.force([order], to: new.person)
        let moved = try await old.hears("order_unassigned")
        #expect(moved["data"]?["order_id"]?.int64 == order)
        #expect(moved["data"]?["code"]?.text == "reassigned")
        #expect(moved["data"]?["reason"]?.text?.isEmpty == false)
        _ = try await new.hears("order_assigned")
        let back = try await server.post("orders/\(order)/unassign", as: server.admin, #"{"reason":"wrong way"}"#)
        #expect(back.status == 200)
        let taken = try await new.hears("order_unassigned")
        #expect(taken["data"]?["code"]?.text == "unassigned")
        #expect(taken["data"]?["reason"]?.text == "wrong way")
        try await server.force([order], to: old.person)
        try await eventually(within: .seconds(2)) { old.heard("order_assigned").count == 2 }
        for party in ["restaurant"] {
            _ = try await server.post(
                "orders/\(order)/cancel", as: server.admin, #"{"reason":"No gas","by":"\#(party)"}"#)
        }
        let ended = try await old.hears("order_cancelled")
        #expect(ended["data"]?["order_id"]?.int64 == order)
        #expect(ended["data"]?["reason"]?.text == "No gas")
        try await new.settle()
        #expect(new.heard("order_cancelled").isEmpty)
        old.socket.close()
        new.socket.close()
    }

    @Test func whatWasNotAcknowledgedIsReplayedAndWhatWasIsNot() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        // A phone whose network is dead towards us: bytes leave, no pong comes back.
        let deaf = try await server.phone(driver, answersPings: false)
        let order = try await server.placeOrder()
        try await server.force([order], to: driver)
        _ = try await deaf.hears("order_assigned")
        deaf.socket.drop()
        let second = try await server.phone(driver)
        let replayed = try await second.hears("order_assigned")
        #expect(replayed["seq"]?.int64 == 1)
        // The ping that follows the frame is answered: delivered.
        try await eventually(within: .seconds(5)) {
            try await server.number(
                "SELECT count(*) FROM driver_events WHERE driver_id = $1 AND delivered_at IS NOT NULL",
                [.int8(driver.id)]) == 1
        }
        second.socket.drop()
        let third = try await server.phone(driver)
        try await third.settle()
        #expect(third.heard("order_assigned").isEmpty)
        third.socket.close()
    }

    @Test func anAckIsHonoured() async throws {
        let server = try await Shared.plain.value
        let phone = try await server.phone(try await server.hire(), answersPings: false)
        let order = try await server.placeOrder()
        try await server.force([order], to: phone.person)
        let seq = try await phone.hears("order_assigned")["seq"]?.int64 ?? 0
        phone.socket.send("{\"type\":\"ack\",\"seq\":\(seq)}")
        try await eventually(within: .seconds(5)) {
            try await server.number(
                "SELECT count(*) FROM driver_events WHERE driver_id = $1 AND delivered_at IS NOT NULL",
                [.int8(phone.person.id)]) == 1
        }
        phone.socket.close()
    }

    @Test func whatCameAndWentWhileAwayIsToldByItsEndAtMost() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let (kept, gone) = (try await server.placeOrder(), try await server.placeOrder())
        try await server.force([kept], to: driver)
        try await server.force([gone], to: driver)
        _ = try await server.post("orders/\(gone)/cancel", as: server.admin, #"{"by":"customer"}"#)
        let phone = try await server.phone(driver)
        _ = try await phone.hears("order_assigned")
        try await phone.settle()
        #expect(phone.heard("order_assigned").compactMap { $0["data"]?["order_id"]?.int64 } == [kept])
        #expect(phone.heard("order_cancelled").count <= 1)
        phone.socket.close()
    }

    @Test func theEndOfAnOldSocketLeavesTheNewOneInItsPlace() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let old = try await server.phone(driver)
        let new = try await server.phone(driver)
        #expect(
            try await old.inbox.close(within: .seconds(5)) == SocketClose(code: 4003, reason: "duplicate_connection"))
        await old.socket.waitForEnd()
        let order = try await server.placeOrder()
        try await server.force([order], to: driver)
        _ = try await new.hears("order_assigned", within: .seconds(1))
        #expect(new.inbox.close == nil)
        new.socket.close()
    }

    @Test func manyDriversAtOnceEachHearOnlyTheirOwn() async throws {
        let server = try await Shared.plain.value
        var phones: [Phone] = []
        for _ in 0..<8 { phones.append(try await server.hiredPhone()) }
        var orders: [Int64: Int64] = [:]
        for phone in phones {
            let order = try await server.placeOrder()
            orders[phone.person.id] = order
            try await server.force([order], to: phone.person)
        }
        for phone in phones {
            _ = try await phone.hears("order_assigned", within: .seconds(1))
            try await phone.settle()
            let heard = phone.heard("order_assigned").compactMap { $0["data"]?["order_id"]?.int64 }
            #expect(heard == [orders[phone.person.id]])
            phone.socket.close()
        }
    }
}
