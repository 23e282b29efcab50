extension OpenAPIDocument {
    /// Paths of drivers, restaurants, zones and pools.
    static let adminPaths = #"""
          /api/v1/available-drivers:
            get:
              summary: "Drivers who can take an order now"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Driver' } } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/drivers:
            get:
              summary: "All drivers; status; GeoJSON on Accept"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Driver' } } }
                default: { $ref: '#/components/responses/Problem' }
            post:
              summary: "Make a driver's account"
              x-access: admin
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/NewDriver' }
              responses:
                '201':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Driver' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/drivers/near:
            get:
              summary: "Available drivers nearest by travel time; lat, lon, limit; GeoJSON on Accept"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/drivers/{id}:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "One driver"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Driver' } }
                default: { $ref: '#/components/responses/Problem' }
            patch:
              summary: "Change particulars and bank details"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/drivers/{id}/events:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "What the driver was told and how far it came: pending, sent, delivered; newest first; limit"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/drivers/{id}/locations:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "Reported positions, newest first; limit; GeoJSON on Accept"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/drivers/{id}/status:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            patch:
              summary: "Approve or block; a blocked driver is cut off at once"
              x-access: admin
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/AccountStatus' }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Driver' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/events/overdue:
            get:
              summary: "Assignments that their drivers do not know of after `seconds` (60); oldest first; limit"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
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
          /api/v1/pools/sync:
            post:
              summary: "Not offered (501)"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '501': { $ref: '#/components/responses/Problem' }
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
              summary: "Run a dispatch round now and show the pool's driver groups"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '202': { description: done }
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
          /api/v1/restaurants:
            get:
              summary: "All restaurants"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Restaurant' } } }
                default: { $ref: '#/components/responses/Problem' }
            post:
              summary: "Add a restaurant"
              x-access: admin
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/NewRestaurant' }
              responses:
                '201':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Restaurant' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/restaurants/{id}:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "One restaurant"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Restaurant' } }
                default: { $ref: '#/components/responses/Problem' }
            patch:
              summary: "Change a restaurant"
              x-access: admin
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/RestaurantPatch' }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Restaurant' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/zones:
            get:
              summary: "Service zones as a GeoJSON feature collection"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
            put:
              summary: "Replace all zones by a GeoJSON feature collection"
              x-access: admin
              security: [{ bearer: [] }]
              parameters:
                - name: repair
                  in: query
                  description: repair borders that cross themselves; what was repaired says so in repaired_because
                  schema: { type: boolean, default: false }
              requestBody: { $ref: '#/components/requestBodies/Zones' }
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }

        """#
}
