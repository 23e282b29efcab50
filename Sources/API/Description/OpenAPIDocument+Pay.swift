extension OpenAPIDocument {
    /// Paths of pay, and what is not offered.
    static let payPaths = #"""
          /api/v1/commission/config:
            get:
              summary: "Not offered (501)"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '501': { $ref: '#/components/responses/Problem' }
            put:
              summary: "Not offered (501)"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '501': { $ref: '#/components/responses/Problem' }
          /api/v1/commission/rates:
            get:
              summary: "Not offered (501)"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '501': { $ref: '#/components/responses/Problem' }
          /api/v1/commission/restaurants:
            get:
              summary: "Not offered (501)"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '501': { $ref: '#/components/responses/Problem' }
          /api/v1/earnings/drivers:
            get:
              summary: "Pay of every driver; status all, pending or paid"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/earnings/drivers/{id}:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "One driver's pay, delivery by delivery; show_paid"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/earnings/payouts:
            get:
              summary: "Payments to drivers, newest first, with their totals; driver_id, from, to, limit, before"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/earnings/process-payout:
            post:
              summary: "Mark everything unpaid of the drivers as paid, once"
              x-access: admin
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/PayOut' }
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/earnings/stats:
            get:
              summary: "Totals of pay"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/restaurant-earnings:
            get:
              summary: "Not offered (501)"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '501': { $ref: '#/components/responses/Problem' }
          /api/v1/restaurant-earnings/process-payout:
            post:
              summary: "Not offered (501)"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '501': { $ref: '#/components/responses/Problem' }
          /api/v1/restaurant-earnings/restaurants:
            get:
              summary: "Not offered (501)"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '501': { $ref: '#/components/responses/Problem' }
          /api/v1/restaurant-earnings/stats:
            get:
              summary: "Not offered (501)"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '501': { $ref: '#/components/responses/Problem' }
          /api/v1/sync/trigger-sync:
            post:
              summary: "Try again every row that waits for repair"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }

        """#
}
