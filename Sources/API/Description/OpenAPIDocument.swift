/// The OpenAPI description, served at `/openapi.yaml`. Written by hand beside the route table; a test compares the two.
package enum OpenAPIDocument {
    /// The whole document.
    package static let text =
        head + "paths:\n" + operationsPaths + driversPaths + ordersPaths + adminPaths + rulePaths + poolPaths + payPaths
        + "components:\n"
        + commonComponents + requestBodies + ruleBodies + "  schemas:\n" + schemas + ruleSchemas

    private static let head = #"""
        openapi: 3.1.0
        info:
          title: Tiffin
          version: 1.0.0
          description: |
            Dispatch for food delivery. Every answer that is no success is a problem document (RFC 9457) whose `detail`
            is a sentence. Money is in rupees, item prices in paise; times are ISO 8601 in UTC; ids are 64-bit integers,
            read as numbers or as digits in a string. POST calls that create or assign honour `Idempotency-Key`.
            Unknown fields are ignored. Drivers see their own orders, others' are 404.
        servers:
          - url: http://localhost:8000

        """#

    private static let commonComponents = #"""
          securitySchemes:
            bearer: { type: http, scheme: bearer, bearerFormat: JWT }
            apiKey: { type: apiKey, in: header, name: X-API-Key }
          responses:
            Problem:
              description: Refused or failed
              content:
                application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } }

        """#
}
