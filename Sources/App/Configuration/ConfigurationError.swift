/// A configuration that the program refuses to start with. One sentence that names the place and the remedy.
package struct ConfigurationError: Error, CustomStringConvertible, Equatable {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
