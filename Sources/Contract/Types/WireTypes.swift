/// The wire described for app developers, made from the definitions that the server reads and writes with.
package enum WireTypes {
    /// TypeScript declarations of every message and of the bodies of REST.
    package static func typeScript() -> String {
        var types = TypeScript()
        for (name, samples) in WireSamples.values + WireSamples.adminValues { types.add(name, samples.map(json)) }
        addMessages(to: &types)
        for (name, read) in requests { types.add(request: name, fields(read)) }
        return """
            // Types of Tiffin's wire, made by `tiffin api types --lang ts` from the server's own definitions.
            // Money is in rupees, item prices in paise; times are ISO 8601 in UTC; distances are in kilometres.


            """ + types.text
    }

    private static func addMessages(to types: inout TypeScript) {
        for (name, samples) in WireSamples.serverMessages { types.add(name, samples.map(json)) }
        types.add(union: "ServerMessage", of: WireSamples.serverMessages.map(\.name))
        for (name, samples) in WireSamples.clientMessages { types.add(name, samples.map(json)) }
        types.add(union: "ClientMessage", of: WireSamples.clientMessages.map(\.name))
        for (name, samples) in WireSamples.adminMessages { types.add(name, samples.map(json)) }
        types.add(union: "AdminMessage", of: WireSamples.adminMessages.map(\.name))
    }

    private static func json(_ value: any JSONWritable) -> JSON {
        (try? JSON(parsing: value.jsonBytes)) ?? .null
    }

    /// Decoders of request bodies, called with an empty one: what they look for is what they read.
    private static let requests: [(name: String, read: @Sendable ([UInt8]) throws -> Void)] = [
        ("LoginRequest", { _ = try LoginRequest(body: $0, contentType: nil) }),
        ("RefreshRequest", { _ = try RefreshRequest(body: $0, contentType: nil) }),
        ("CreateOrderRequest", { _ = try CreateOrderRequest(body: $0) }),
        ("EditOrderRequest", { _ = try EditOrderRequest(body: $0) }),
        ("PasswordRequest", { _ = try PasswordRequest(body: $0, contentType: nil) }),
        ("RestaurantRequest", { _ = try RestaurantRequest(body: $0, isNew: true) }),
        ("OrderStatusRequest", { _ = try OrderStatusRequest(body: $0) }),
        ("AssignRequest", { _ = try AssignRequest(body: $0, needsOrders: true) }),
        ("CancelOrderRequest", { _ = try CancelOrderRequest(body: $0) }),
        ("DeliverRequest", { _ = try DeliverRequest(body: $0) }),
        ("VerifyOTPRequest", { _ = try VerifyOTPRequest(body: $0) }),
        ("DriverStatusRequest", { _ = try DriverStatusRequest(body: $0) }),
        ("CreateDriverRequest", { _ = try CreateDriverRequest(body: $0) }),
        ("AccountStatusRequest", { _ = try AccountStatusRequest(body: $0) }),
        ("PayoutRequest", { _ = try PayoutRequest(body: $0) }),
        ("PoolRequest", { _ = try PoolRequest(body: $0) }),
        ("AssignGroupRequest", { _ = try AssignGroupRequest(body: $0) }),
        ("WebhookRequest", { _ = try WebhookRequest(body: $0, isNew: true) }),
        ("PolicyRequest", { _ = try PolicyRequest(body: $0) }),
        ("DriverRulesRequest", { _ = try DriverRulesRequest(body: $0) }),
        ("PoolOrderRow", { _ = PoolImportRow(try JSON(parsing: $0)) }),
    ]

    private static func fields(_ read: ([UInt8]) throws -> Void) -> [ReadField] {
        let log = ReadLog()
        BodyReader.$log.withValue(log) {
            do { try read(Array("{}".utf8)) } catch {
                // An empty body is refused for what it lacks; what was looked for is noted all the same.
            }
        }
        return log.fields
    }
}
