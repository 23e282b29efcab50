import Contract
import Testing

@Suite("TypeScript types")
struct WireTypesTests {
    private let text = WireTypes.typeScript()

    private func interface(_ name: String) -> String {
        guard let start = text.firstRange(of: "export interface \(name) {\n") else { return "" }
        return String(text[start.upperBound...].prefix(while: { $0 != "}" }))
    }

    @Test func whatIsWrittenIsDescribed() {
        let order = interface("Order")
        #expect(order.contains("  driver_id: number | null;\n") && order.contains("  items_json: OrderItem[];\n"))
        #expect(order.contains("  created_at: string;\n") && order.contains("  picked_up_at: string | null;\n"))
        let offer = interface("OrderAssignedMessage")
        #expect(offer.contains("type: \"order_assigned\";") && offer.contains("pool_id: number | null"))
        #expect(interface("Session").contains("  driver?: "))
        #expect(interface("DriverStats").contains("last_payment_amount: number | null"))
        #expect(interface("PoolOrders").contains("  orders: Order[];\n"))
        #expect(interface("Restaurant").contains("  latitude: number | null;\n"))
        #expect(text.contains("export type ServerMessage =\n  | ConnectionAckMessage\n"))
    }

    @Test func whatAdminsAndWebhooksAreToldIsDescribed() {
        #expect(interface("Batch").contains("  orders: Order[];\n"))
        #expect(interface("Batch").contains("  pool_id: number | null;\n"))
        #expect(interface("PoolDetail").contains("  driver_groups: DriverGroup[];\n"))
        #expect(interface("AssignGroupsAnswer").contains("reason: string | null"))
        #expect(interface("PayRow").contains("  last_payment_amount: number | null;\n"))
        #expect(interface("PayStatement").contains("  earnings: PayStatementRow[];\n"))
        #expect(interface("PayoutList").contains("  payouts: Payout[];\n"))
        #expect(interface("PayoutList").contains("  next_before: number | null;\n"))
        #expect(interface("Webhook").contains("  secret?: string;\n"))
        #expect(interface("WebhookDelivery").contains("  last_status: number | null;\n"))
        #expect(interface("WebhookBody").contains("  type: \"order.assigned\" | \"order.picked_up\""))
        #expect(interface("PayoutRequest").contains("  driver_ids?: number[] | null;\n"))
        #expect(interface("WebhookRequest").contains("  events?: (\"order.assigned\" | "))
    }

    @Test func whatIsReadIsDescribedWithItsSynonyms() {
        let login = interface("LoginRequest")
        #expect(login.contains("/** Or: email, phone, phone_number, username. */\n  identity: string;\n"))
        #expect(login.contains("  password: string;\n"))
        let order = interface("CreateOrderRequest")
        #expect(order.contains("  customer_name: string;\n") && order.contains("  order_total?: number | null;\n"))
        #expect(interface("PoolOrderRow").contains("  delivery_lat?: number | null;\n"))
    }

    @Test func everyBraceIsClosedAndEveryNameIsKnown() {
        #expect(text.count { $0 == "{" } == text.count { $0 == "}" })
        let names = text.matches(of: /export (?:interface|type) (\w+)/).map { String($0.1) }
        #expect(names.count > 30 && Set(names).count == names.count)
        let used = text.matches(of: /\b([A-Z]\w+)\[\]/).map { String($0.1) }
        #expect(!used.isEmpty && Set(used).isSubset(of: names))
    }
}
