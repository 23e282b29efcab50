/// Why a private cluster could not be started: one sentence that ends with what to do.
package struct ClusterError: Error, Sendable, CustomStringConvertible {
    package struct Code: Hashable, Sendable {
        private let value: String
        private init(_ value: String) { self.value = value }

        /// PostgreSQL or a tool that comes with Debian is missing.
        package static let notInstalled = Code("not_installed")
        /// Another process owns the folder.
        package static let folderInUse = Code("folder_in_use")
        /// The folder cannot be used: its rights, its place, its contents.
        package static let folderUnusable = Code("folder_unusable")
        /// The path of the socket would be longer than the kernel allows.
        package static let pathTooLong = Code("path_too_long")
        /// The server was started and ended or did not answer in time.
        package static let startFailed = Code("start_failed")
    }

    package let code: Code
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
