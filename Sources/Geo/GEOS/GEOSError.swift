/// What GEOS refused to do, in its own words.
package struct GEOSError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// The library could not be set up or ran out of memory.
        case unavailable
        /// A geometry that GEOS cannot build.
        case invalidGeometry
        /// An operation on sound geometries failed.
        case operationFailed
    }

    package let code: Code
    /// GEOS's message, or ours where it gave none.
    package let message: String

    package var description: String { message }
}
