extension OpenAPIDocument {
    /// Paths of log-in and the driver.
    static let driversPaths = #"""
          /api/v1/auth/admin/login:
            post:
              summary: "Log in an admin; another kind of account is 401"
              x-access: public
              security: []
              requestBody: { $ref: '#/components/requestBodies/LogIn' }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Session' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/auth/driver/login:
            post:
              summary: "Log in a driver; another kind of account is 401"
              x-access: public
              security: []
              requestBody: { $ref: '#/components/requestBodies/LogIn' }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Session' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/auth/login:
            post:
              summary: "Log in a driver or an admin"
              x-access: public
              security: []
              requestBody: { $ref: '#/components/requestBodies/LogIn' }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Session' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/auth/logout:
            post:
              summary: "End every session of this account"
              x-access: either
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Message' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/auth/password:
            put:
              summary: "Change the password, end every session, begin a new one"
              x-access: either
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/Password' }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Session' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/auth/refresh:
            post:
              summary: "Exchange a refresh token; the last one stays good for 60 s"
              x-access: public
              security: []
              requestBody: { $ref: '#/components/requestBodies/Refresh' }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Session' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/driver/active-pool:
            get:
              summary: "The external pool of the driver's orders in hand, or null"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/driver/earnings:
            post:
              summary: "Accepted and ignored: earnings are recorded with each delivery"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Message' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/driver/earnings/daily:
            get:
              summary: "Earnings of one day, ?date=YYYY-MM-DD"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/EarningsDay' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/driver/earnings/monthly:
            get:
              summary: "Earnings by day of a month, ?year=&month="
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/EarningsHistory' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/driver/earnings/weekly:
            get:
              summary: "Earnings by day since Monday"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/EarningsHistory' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/driver/orders/{id}:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            get:
              summary: "One of the driver's orders"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Order' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/driver/orders/{id}/accept:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "Accept; a repeat changes nothing"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Order' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/driver/orders/{id}/deliver:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "Deliver this and every other order of the same customer in the same pool or batch"
              x-access: driver
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/Deliver' }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Order' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/driver/orders/{id}/in-transit:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "On the way to the customer"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Order' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/driver/orders/{id}/pickup:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "The food is in the bag; a repeat changes nothing"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Order' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/driver/orders/{id}/reject:
            parameters:
              - { name: id, in: path, required: true, schema: { type: integer, format: int64 } }
            post:
              summary: "Give an order back before pickup; no body, a repeat changes nothing"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/Order' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/driver/profile:
            get:
              summary: "The driver's own account"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/DriverProfile' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/driver/status:
            put:
              summary: "Go online or offline"
              x-access: driver
              security: [{ bearer: [] }]
              requestBody: { $ref: '#/components/requestBodies/DriverStatus' }
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/DriverProfile' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/drivers/profile:
            get:
              summary: "The same as /driver/profile"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/DriverProfile' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/drivers/stats:
            get:
              summary: "Earnings of today, this week, this month, and of all time"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/drivers/toggle-online:
            post:
              summary: "Go online or offline, by query; the body may be null"
              x-access: driver
              security: [{ bearer: [] }]
              parameters: [{ name: is_online, in: query, schema: { type: boolean } }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/DriverProfile' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/earnings/history:
            get:
              summary: "Earnings by day; from, to, days, cursor"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/EarningsHistory' } }
                default: { $ref: '#/components/responses/Problem' }
          /api/v1/earnings/today:
            get:
              summary: "Earnings of the region's calendar day, delivery by delivery"
              x-access: driver
              security: [{ bearer: [] }]
              responses:
                '200':
                  description: done
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/EarningsDay' } }
                default: { $ref: '#/components/responses/Problem' }

        """#
}
