/// The cost of one password hash: memory is `128 · 2^logN · r` bytes, time grows with `2^logN · r · p`.
package struct ScryptParameters: Sendable, Hashable {
    /// N = 2^14, r = 8, p = 5: 16 MiB, one of the settings of the OWASP password storage sheet.
    package static let standard = ScryptParameters(logN: 14, r: 8, p: 5)
    /// For tests and throw-away databases alone: well below a millisecond, and as weak as that sounds.
    package static let cheap = ScryptParameters(logN: 4, r: 1, p: 1)

    package let logN: Int
    package let r: Int
    package let p: Int

    package init(logN: Int, r: Int, p: Int) {
        self.logN = logN
        self.r = r
        self.p = p
    }

    /// Whether a stored hash with these parameters may be computed. The bounds keep a damaged or planted row from
    /// using more than 64 MiB or a few seconds.
    var isWithinBounds: Bool {
        (1...20).contains(logN) && (1...32).contains(r) && (1...16).contains(p) && 128 * r << logN <= 64 << 20
    }
}
