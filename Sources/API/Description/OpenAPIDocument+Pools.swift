extension OpenAPIDocument {
    /// Paths of external pools and the webhook that brings them.
    static let poolPaths = #"""
          /api/v1/pools:
            get:
              summary: "External pools with counts; status"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Pool' } } }
                default: { $ref: '#/components/responses/Problem' }
            post:
              summary: "Make an open pool: external_pool_id, name, expected_orders; repeats give the first"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '201':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Pool' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/pools/import:
            post:
              summary: "Import orders of pools, amounts in paise; per-row results; importing again is harmless"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/pools/sync:
            post:
              summary: "Try again every row that waits for repair"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/pools/{id}:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "A pool with its geometry and driver groups"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/pools/{id}/assign-driver:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "Give orders of a pool to a driver as one batch, all or nothing"
              x-access: admin
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/AssignMany' }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Assigned' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/pools/{id}/delivery-orders:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "The driver's orders in hand of one pool"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/pools/{id}/details:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "A pool with its orders"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/pools/{id}/group:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "Form driver groups of what is pending; what is assigned stays"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/pools/{id}/groups/{group}/assign:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
              - { name: group, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "Give a driver group to a driver, ?driver_id="
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Assigned' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/pools/{id}/pickup/{restaurant}:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
              - { name: restaurant, in: path, required: true, schema: { type: integer, format: int64 } }
            patch:
              summary: "Pick up all of the driver's orders of a pool at one restaurant"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Message' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/pools/{id}/assign-groups:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "Give every group that waits to the nearest available driver"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/pools/{id}/close:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "No more orders come from upstream"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/pools/{id}/repair:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "Try again the rows that wait for repair"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/pools/rows:
            get:
              summary: "Rows of imports that name no pool and wait for repair"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/pools/{id}/rows:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "Rows that could not become orders and orders without a place, with what they lack"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/webhook/receive-orders:
            post:
              summary: "A closed pool's orders from upstream, with X-API-Key; amounts in paise"
              x-access: api_key
              security: [{ apiKey: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/webhook/receive-orders:
            post:
              summary: "A closed pool's orders from upstream, with X-API-Key; amounts in paise"
              x-access: api_key
              security: [{ apiKey: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/webhooks:
            get:
              summary: "Who hears of orders"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
            post:
              summary: "url, events, secret (made and shown once when left out)"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '201': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/webhooks/deliveries:
            get:
              summary: "What was told, newest first: target, order_id, state (waiting, delivered, failed), limit"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/webhooks/deliveries/{id}/replay:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "Send it again"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '202': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/webhooks/{id}:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            patch:
              summary: "is_active"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
            delete:
              summary: "Put the target to rest"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }

        """#
}
