import Synchronization

/// One field that a decoder of bodies looks for.
package struct ReadField: Equatable, Sendable {
    /// The first is the one to use, the others mean the same.
    package let names: [String]
    /// As TypeScript says it.
    package let type: String
    package let isRequired: Bool
}

/// Notes what decoders look for, so that descriptions are made from the decoding itself.
///
/// Owner of its state: one `Mutex`, held for one note.
package final class ReadLog: Sendable {
    private let noted = Mutex<[ReadField]>([])

    package init() {}

    package var fields: [ReadField] { noted.withLock { $0 } }

    func note(_ names: [String], _ type: String, isRequired: Bool = false) {
        noted.withLock { $0.append(ReadField(names: names, type: type, isRequired: isRequired)) }
    }
}
