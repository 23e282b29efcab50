extension OpenAPIDocument {
    /// Bodies that calls read.
    static let requestBodies = #"""
          requestBodies:
            LogIn:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/LogIn' } } }
            Refresh:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/Refresh' } } }
            Password:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/Password' } } }
            DriverStatus:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/DriverStatus' } } }
            Deliver: { content: { application/json: { schema: { $ref: '#/components/schemas/Deliver' } } } }
            PlaceOrder:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/PlaceOrder' } } }
            OrderStatus:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/OrderStatus' } } }
            Cancel: { content: { application/json: { schema: { $ref: '#/components/schemas/Cancel' } } } }
            Assign:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/Assign' } } }
            AssignMany:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/AssignMany' } } }
            NewDriver:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/NewDriver' } } }
            AccountStatus:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/AccountStatus' } } }
            NewRestaurant:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/NewRestaurant' } } }
            RestaurantPatch:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/RestaurantPatch' } } }
            Zones:
              required: true
              content: { application/geo+json: { schema: { $ref: '#/components/schemas/Zones' } } }
            PayOut:
              required: true
              content: { application/json: { schema: { $ref: '#/components/schemas/PayOut' } } }

        """#

    /// What bodies and answers are made of.
    static let schemas = #"""
            LogIn:
              type: object
              required: [password]
              properties:
                identity: { type: string, description: "e-mail or phone; also email, phone, phone_number, username" }
                password: { type: string }
            Refresh: { type: object, required: [refresh_token], properties: { refresh_token: { type: string } } }
            Password:
              type: object
              required: [current_password, new_password]
              properties: { current_password: { type: string }, new_password: { type: string, minLength: 8 } }
            Session:
              type: object
              properties:
                access_token: { type: string }
                refresh_token: { type: string }
                token_type: { const: bearer }
                expires_in: { type: integer, description: seconds }
                driver_id: { type: integer }
                driver: { type: object }
                admin: { type: object }
            Message: { type: object, properties: { message: { type: string } } }
            DriverStatus:
              type: object
              properties: { status: { enum: [online, offline] }, is_online: { type: boolean } }
            Deliver:
              type: object
              properties: { otp: { type: [string, 'null'] }, delivery_notes: { type: [string, 'null'] } }
            OrderStatus:
              type: object
              required: [status]
              properties:
                status: { enum: [PENDING, ASSIGNED, ACCEPTED, PICKED_UP, IN_TRANSIT, DELIVERED, CANCELLED, REJECTED] }
                otp: { type: string }
                reason: { type: string }
            Cancel:
              type: object
              properties: { reason: { type: string }, by: { enum: [customer, restaurant, admin] } }
            Assign:
              type: object
              required: [driver_id]
              properties:
                driver_id: { type: integer }
                driver_earnings: { type: [number, 'null'], description: rupees for all orders together }
                force: { type: boolean, description: take even an order that another admin assigned }
                reason: { type: string }
            AssignMany:
              allOf:
                - { $ref: '#/components/schemas/Assign' }
                - type: object
                  required: [order_ids]
                  properties: { order_ids: { type: array, items: { type: integer } } }
            Assigned:
              type: object
              properties:
                order: { $ref: '#/components/schemas/Order' }
                orders: { type: array, items: { $ref: '#/components/schemas/Order' } }
                batch_id: { type: [integer, 'null'] }
                warnings: { type: array, items: { type: string } }
            PlaceOrder:
              type: object
              required: [customer_name, delivery_address]
              properties:
                customer_name: { type: string }
                customer_phone: { type: string }
                delivery_address: { type: string }
                delivery_lat: { type: number, minimum: -90, maximum: 90 }
                delivery_lng: { type: number, minimum: -180, maximum: 180 }
                restaurant_id: { type: integer }
                restaurant_name: { type: string, description: instead of restaurant_id }
                pickup_address: { type: string }
                pickup_latitude: { type: number }
                pickup_longitude: { type: number }
                special_instructions: { type: string }
                items: { type: array, items: { type: object } }
                order_total: { type: number }
                driver_earnings: { type: number }
                external_order_id: { type: string }
                pool_id: { type: integer }
                bag_units: { type: integer, minimum: 1, maximum: 100 }
                vehicle_types:
                  type: array
                  description: what can carry it; empty means everything
                  items: { enum: [bicycle, motorbike, car] }
                delay_weight: { type: number, minimum: 0.001, maximum: 50, description: how much its delay counts; 1 is ordinary }
                ready_at: { type: string, format: date-time }
                promised_at: { type: string, format: date-time }
                otp: { type: string, pattern: '^[0-9]{6}$' }
            Order:
              type: object
              required: [id, order_id, status, customer_name, delivery_address, items_json, order_total, created_at]
              properties:
                id: { type: integer }
                order_id: { type: integer }
                status: { enum: [PENDING, ASSIGNED, ACCEPTED, PICKED_UP, IN_TRANSIT, DELIVERED, CANCELLED] }
                pool_id: { type: [integer, 'null'] }
                batch_id: { type: [integer, 'null'] }
                sequence: { type: [integer, 'null'] }
                customer_name: { type: string }
                customer_phone: { type: string }
                delivery_address: { type: string }
                restaurant_name: { type: string }
                pickup_address: { type: string }
                items_json: { type: array, items: { type: object } }
                order_total: { type: number }
                driver_earnings: { type: number }
                distance_km: { type: [number, 'null'] }
                driver_id: { type: [integer, 'null'] }
                driver_name: { type: [string, 'null'] }
                otp: { type: [string, 'null'] }
                created_at: { type: string, format: date-time }
            DriverProfile:
              type: object
              properties:
                driver_id: { type: integer }
                id: { type: integer }
                name: { type: string }
                status: { enum: [online, offline] }
                is_online: { type: boolean }
                account_status: { enum: [PENDING, APPROVED, BLOCKED] }
                vehicle_type: { type: string }
                capacity: { type: integer }
            Driver:
              type: object
              properties:
                id: { type: integer }
                driver_id: { type: integer }
                name: { type: string }
                status: { enum: [PENDING, APPROVED, BLOCKED] }
                is_online: { type: boolean }
                is_available: { type: boolean }
                rating: { type: number }
            NewDriver:
              type: object
              required: [name, phone, password]
              properties:
                name: { type: string }
                phone: { type: string }
                password: { type: string, minLength: 8 }
                email: { type: string }
                vehicle_type: { enum: [bicycle, motorbike, car] }
                capacity: { type: integer, minimum: 1, maximum: 64 }
            AccountStatus:
              type: object
              required: [status]
              properties: { status: { enum: [approved, blocked, pending] } }
            Restaurant:
              type: object
              properties:
                id: { type: integer }
                name: { type: string }
                address: { type: string }
                phone: { type: [string, 'null'] }
                latitude: { type: [number, 'null'] }
                longitude: { type: [number, 'null'] }
                external_restaurant_id: { type: [string, 'null'] }
            NewRestaurant:
              allOf:
                - { $ref: '#/components/schemas/Restaurant' }
                - { required: [name, address, latitude, longitude] }
            RestaurantPatch: { $ref: '#/components/schemas/Restaurant' }
            Zones: { type: object, description: a GeoJSON FeatureCollection of named Polygons and MultiPolygons }
            Pool:
              type: object
              properties:
                pool_id: { type: integer }
                status: { enum: [OPEN, CLOSED, SYNCED, ASSIGNED, IN_PROGRESS, COMPLETED] }
                total_orders: { type: integer }
                total_value: { type: number }
            EarningsDay:
              type: object
              properties:
                date: { type: string, format: date }
                time_zone: { type: string }
                currency: { type: string }
                total: { type: number }
                deliveries: { type: integer }
                items: { type: array, items: { type: object } }
            EarningsHistory:
              type: object
              properties:
                from: { type: string, format: date }
                to: { type: string, format: date }
                currency: { type: string }
                total: { type: number }
                items: { type: array, items: { type: object } }
                next_cursor: { type: [string, 'null'] }
            PayOut:
              type: object
              required: [driver_ids]
              properties:
                driver_ids: { type: array, items: { type: integer } }
                payment_method: { type: string }
                payment_reference: { type: string }
            Problem:
              type: object
              required: [type, title, status, detail, message, code, request_id]
              properties:
                type: { type: string }
                title: { type: string }
                status: { type: integer }
                detail: { type: string }
                message: { type: string, description: the same as detail }
                code: { type: string }
                request_id: { type: string }
                errors:
                  type: array
                  items: { type: object, properties: { field: { type: string }, message: { type: string } } }

        """#
}
