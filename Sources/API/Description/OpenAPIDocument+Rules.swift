extension OpenAPIDocument {
    /// Paths of what admins rule about dispatch.
    static let rulePaths = #"""
          /api/v1/dispatch/policies:
            get:
              summary: "Every version of the dispatch policies, newest first; which are in force"
              x-access: admin
              security: [{ bearer: [] }]
              parameters:
                - name: zone_id
                  in: query
                  description: of one zone; 0 is the policy of all orders
                  schema: { type: integer, format: int64 }
                - { name: before, in: query, schema: { type: integer, format: int64 } }
                - { name: limit, in: query, schema: { type: integer, format: int64 } }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Policy' } } }
                default: { $ref: '#/components/responses/Problem' }
            post:
              summary: "A new version, in force with the next tick; what it leaves out comes from the policy of all orders, and that from the settings"
              x-access: admin
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/NewPolicy' }
              responses:
                '201':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Policy' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/dispatch/rules:
            get:
              summary: "Drivers' rules about restaurants, by driver and restaurant"
              x-access: admin
              security: [{ bearer: [] }]
              parameters:
                - { name: driver_id, in: query, schema: { type: integer, format: int64 } }
                - { name: restaurant_id, in: query, schema: { type: integer, format: int64 } }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { type: array, items: { $ref: '#/components/schemas/DriverRule' } } }
                default: { $ref: '#/components/responses/Problem' }

        """#

    static let ruleBodies = #"""
            NewPolicy:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/NewPolicy' } } }
            DriverRules:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/DriverRules' } } }

        """#

    static let ruleSchemas = #"""
            NewPolicy:
              type: object
              required: [weights]
              properties:
                zone_id: { type: integer, description: without it the policy of all orders }
                note: { type: string, maxLength: 500 }
                weights: { $ref: '#/components/schemas/PolicyWeights' }
            Policy:
              allOf:
                - { $ref: '#/components/schemas/NewPolicy' }
                - type: object
                  properties:
                    version: { type: integer, description: grows over all zones; 1 is what the settings say }
                    is_in_force: { type: boolean }
                    created_at: { type: string, format: date-time }
                    created_by: { type: integer }
            PolicyWeights:
              type: object
              additionalProperties: false
              properties:
                delay: { type: number, minimum: 0.001, maximum: 50, description: a second of an order's delay }
                lateness: { type: number, minimum: 0, maximum: 100, description: a second beyond the promised time }
                age_per_minute: { type: number, minimum: 0, maximum: 10 }
                ready_deviation: { type: number, minimum: 0, maximum: 5, description: how much of a kitchen's usual delay is expected }
                driving: { type: number, minimum: 0, maximum: 100, description: a second on the road; the same in every zone }
                bag_time: { type: number, minimum: 0, maximum: 100, description: the same in every zone }
                completion: { type: number, minimum: -0.05, maximum: 100, description: the same in every zone }
                unserved_s: { type: integer, minimum: 1, maximum: 1000000 }
                switching_s: { type: integer, minimum: 0, maximum: 86400 }
                preference_s: { type: integer, minimum: 0, maximum: 86400 }
                max_hold_s: { type: integer, minimum: 0, maximum: 86400 }
                max_wait_s: { type: integer, minimum: 0, maximum: 86400 }
                click_to_door_s: { type: integer, minimum: 60, maximum: 864000 }
                bag_limit_s: { type: integer, minimum: 60, maximum: 86400 }
                ready_spread_s: { type: integer, minimum: 0, maximum: 86400, description: the same in every zone }
                look_ahead_s: { type: integer, minimum: 0, maximum: 86400, description: the same in every zone }
                near_restaurants_m: { type: integer, minimum: 0, maximum: 1000000, description: the same in every zone }
                on_the_way_m: { type: integer, minimum: 0, maximum: 1000000, description: the same in every zone }
                max_batch: { type: integer, minimum: 1, maximum: 4, description: the same in every zone }
            DriverRules:
              type: object
              description: >-
                numbers of restaurants; a driver with any in allow gets orders only of those and of those in prefer
              properties:
                driver_id: { type: integer, readOnly: true }
                allow: { type: array, items: { type: integer } }
                prefer: { type: array, items: { type: integer } }
                forbid: { type: array, items: { type: integer } }
            DriverRule:
              type: object
              properties:
                driver_id: { type: integer }
                restaurant_id: { type: integer }
                rule: { enum: [allow, prefer, forbid] }

        """#
}
