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
              summary: "Available drivers nearest by travel time, each with its source (route or estimate); lat, lon, limit, radius_km, free (can take another order), vehicle; GeoJSON on Accept"
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
          /api/v1/drivers/{id}/presence:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "The zone and the stops where the driver is now, and where he was lately"
              x-access: admin
              security: [{ bearer: [] }]
              parameters:
                - { name: limit, in: query, schema: { type: integer, format: int64 } }
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
              summary: >-
                Alarms: orders with lost drivers that only an admin may move (type driver_lost), then assignments that
                their drivers do not know of after `seconds` (60); oldest first; limit
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
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
          /api/v1/restaurants/waiting:
            get:
              summary: "How long restaurants let drivers wait beyond their word"
              x-access: admin
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
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
              summary: "Replace all zones by a GeoJSON feature collection; other properties are kept, travel_factor slows the ways"
              x-access: admin
              security: [{ bearer: [] }]
              parameters:
                - name: repair
                  in: query
                  description: repair borders that cross themselves; what was repaired says so in repaired_because
                  schema: { type: boolean, default: false }
                - name: clear
                  in: query
                  description: an empty collection takes all zones away; without this it is refused
                  schema: { type: boolean, default: false }
              requestBody: { $ref: '#/components/requestBodies/Zones' }
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/zones/events:
            get:
              summary: "Drivers who entered and left zones, newest first"
              x-access: admin
              security: [{ bearer: [] }]
              parameters:
                - { name: zone_id, in: query, schema: { type: integer, format: int64 } }
                - { name: driver_id, in: query, schema: { type: integer, format: int64 } }
                - { name: before, in: query, schema: { type: integer, format: int64 } }
                - { name: limit, in: query, schema: { type: integer, format: int64 } }
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }

        """#
}
