import Foundation

/// Why a password could not be hashed or compared.
package enum PasswordFailure: Error, Sendable, Hashable {
    /// Too many log-ins wait already; ask again in a second. HTTP 503 with `Retry-After`.
    case busy
    /// The program is ending.
    case stopped
    /// Empty, or longer than ``PasswordHasher/longestPassword`` bytes. Only when a password is set.
    case unacceptable
    /// libcrypto refused: no memory.
    case exhausted
}

/// Hashes and compares passwords on its own threads.
package final class PasswordHasher: Sendable {
    /// In bytes of UTF-8. A longer one is refused, or never matches.
    package static let longestPassword = 1024

    private let parameters: ScryptParameters
    private let queue: HashingQueue
    private let randomBytes: RandomBytes
    private let dummy: PasswordHash

    /// - Parameters:
    ///   - parameters: The cost of new hashes; stored ones carry their own.
    ///   - threads: How many hashes run at once.
    ///   - queueLimit: How many may wait; one more is refused with ``PasswordFailure/busy``.
    package init(
        parameters: ScryptParameters = .standard, threads: Int = 2, queueLimit: Int = 256,
        randomBytes: @escaping RandomBytes
    ) {
        precondition(parameters.isWithinBounds, "scrypt parameters are outside what a stored hash may have")
        self.parameters = parameters
        self.queue = HashingQueue(threads: threads, limit: queueLimit)
        self.randomBytes = randomBytes
        self.dummy = PasswordHash(
            parameters: parameters, salt: randomBytes(PasswordHash.saltLength),
            key: randomBytes(PasswordHash.keyLength))
    }

    /// The line to store for a new password.
    package func hash(_ password: String) async throws(PasswordFailure) -> String {
        let bytes = Self.canonicalBytes(password)
        guard (1...Self.longestPassword).contains(bytes.count) else { throw .unacceptable }
        let salt = randomBytes(PasswordHash.saltLength)
        let parameters = parameters
        let key = try await queue.run {
            Scrypt.key(password: bytes, salt: salt, parameters: parameters, length: PasswordHash.keyLength)
        }
        guard let key else { throw .exhausted }
        return PasswordHash(parameters: parameters, salt: salt, key: key).text
    }

    /// Whether `password` is the one that `stored` was made from.
    ///
    /// With `nil` (an unknown account) or an unreadable line the same work is done for nothing, so that the time of the
    /// answer does not tell which accounts exist.
    ///
    /// - Parameter isAwaited: Asked when a thread is free: false saves the work for somebody who has gone meanwhile.
    /// - Throws: ``PasswordFailure/busy`` also where nobody awaits the answer any more.
    package func matches(
        _ password: String, stored: String?, while isAwaited: @escaping @Sendable () -> Bool = { true }
    ) async throws(PasswordFailure) -> Bool {
        let bytes = Self.canonicalBytes(password)
        let isAcceptable = (1...Self.longestPassword).contains(bytes.count)
        let known = isAcceptable ? stored.flatMap { PasswordHash($0) } : nil
        let hash = known ?? dummy
        let input = isAcceptable ? bytes : [0]
        let key = try await queue.run(while: isAwaited) {
            Scrypt.key(password: input, salt: hash.salt, parameters: hash.parameters, length: hash.key.count)
        }
        guard let key else { throw .exhausted }
        return constantTimeEquals(key, hash.key) && known != nil
    }

    /// Whether `stored` should be replaced at the next log-in, because it costs other than today's parameters.
    package func isOutdated(_ stored: String) -> Bool {
        PasswordHash(stored)?.parameters != parameters
    }

    /// How many hashes wait for a thread, for a gauge.
    package var queueDepth: Int { queue.depth }

    /// Ends the threads. Waiting work is refused with ``PasswordFailure/stopped``.
    package func stop() {
        queue.stop()
    }

    /// Keyboards differ in how they compose a letter with its accent: compatibility normalisation (NFKC), as RFC 8265
    /// and NIST SP 800-63B ask.
    private static func canonicalBytes(_ password: String) -> [UInt8] {
        Array(password.precomposedStringWithCompatibilityMapping.utf8)
    }
}
