/// The OpenAPI description.
enum OpenAPIDocument {
    static let text = ""
}
