/// A small generator with a known sequence (SplitMix64, Steele, Lea and Flood 2014): the same seed gives the same
/// numbers on every machine. Everything random in a plan comes from one of these, seeded by the caller.
package struct RandomSource: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    @inline(__always)
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z &>> 31)
    }

    /// A number from 0 to `bound - 1`, by multiplication (Lemire 2019); the bias is below 2^-32 for the bounds in use.
    @inline(__always)
    package mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: ((next() &>> 32) &* UInt64(truncatingIfNeeded: bound)) &>> 32)
    }

    /// A number from 0 up to but without 1, with 53 random bits.
    @inline(__always)
    package mutating func unit() -> Double { Double(next() &>> 11) * 0x1p-53 }

    /// A generator for a part of the work, independent of this one's further numbers.
    package func fork(_ number: UInt64) -> RandomSource {
        var mixed = RandomSource(seed: state ^ (number &* 0xD1B5_4A32_D192_ED03))
        return RandomSource(seed: mixed.next())
    }
}
