extension OpenAPIDocument {
    /// Paths of orders, batches and the engine.
    static let ordersPaths = #"""
          /api/v1/batches:
            get:
              summary: "Batches, newest first; limit, before"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/batches/{id}:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "One batch with its orders in route order"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/dispatch/run:
            post:
              summary: "Run a dispatch round now, also with dispatch.automatic off; 409 on a server that stands by"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '202':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Message' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/dispatch/ticks/{id}:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "A stored tick: its plan in figures, and whether planning it again gives the same bytes"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/orders:
            get:
              summary: "Drivers: their own, live and of the last day. Admins: all, with filters"
              x-access: either
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Order' } } }
                default: { $ref: '#/components/responses/Problem' }
            post:
              summary: "Place an order; the same external id or Idempotency-Key gives the first one back with 200"
              x-access: admin
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/PlaceOrder' }
              responses:
                '201':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Order' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/orders/assign:
            post:
              summary: "Give several orders to a driver as one batch"
              x-access: admin
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/AssignMany' }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Assigned' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/orders/assigned:
            get:
              summary: "The driver's orders in hand, in route order"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Order' } } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/orders/verify-otp:
            post:
              summary: "Whether a password is the customer's, without delivering; a wrong one counts as at the door"
              x-access: driver
              security: [{ bearer: [] }]
              requestBody:
                content:
                  application/json:
                    schema:
                      type: object
                      required: [order_uuid]
                      properties:
                        order_uuid: { type: integer, format: int64 }
                        otp: { type: string }
              responses:
                '200':
                  description: it is, or the order needs none
                  content:
                    application/json:
                      schema:
                        type: object
                        properties:
                          order_id: { type: integer, format: int64 }
                          is_valid: { type: boolean }
                          otp_required: { type: boolean }
                          message: { type: string }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/orders/{id}:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "One order"
              x-access: either
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Order' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/orders/{id}/admin-deliver:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "Deliver by hand, from any held state"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Order' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/orders/{id}/assign:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "Give an order to a driver by hand; overrides everything automatic"
              x-access: admin
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/Assign' }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Assigned' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/orders/{id}/cancel:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "Cancel, with who cancels and why"
              x-access: admin
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/Cancel' }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Order' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/orders/{id}/explain:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "Why the order went where it went, or why it waits"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/orders/{id}/ready:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "The kitchen is done"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Order' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/orders/{id}/status:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            put:
              summary: "Take a step: drivers report, admins decide"
              x-access: either
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/OrderStatus' }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Order' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/orders/{id}/unassign:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "Take an order back before pickup; the driver is told"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Order' } }
                default: { $ref: '#/components/responses/Problem' }

        """#
}
