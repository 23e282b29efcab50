extension OpenAPIDocument {
    /// Paths of operators and load balancers.
    static let operationsPaths = #"""
          /:
            get:
              summary: "Name and version"
              x-access: public
              security: []
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /health:
            get:
              summary: "The same as /health/ready"
              x-access: public
              security: []
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /health/live:
            get:
              summary: "The process answers"
              x-access: public
              security: []
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /health/ready:
            get:
              summary: "Every part works; 503 names those that do not"
              x-access: public
              security: []
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /metrics:
            get:
              summary: "Metrics in the text exposition format"
              x-access: public
              security: []
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }
          /openapi.yaml:
            get:
              summary: "This document"
              x-access: public
              security: []
              responses:
                '200': { description: done }
                default: { $ref: '#/components/responses/Problem' }

        """#
}
