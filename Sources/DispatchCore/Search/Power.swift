/// Powers and logarithms from exactly rounded operations alone, so that a plan does not depend on a C library. Good to
/// about one part in a million, which is plenty for a temperature.
enum Power {
    /// Natural logarithm of a number above zero; numbers at or below the smallest normal one count as that.
    static func logarithm(_ value: Double) -> Double {
        let held = max(value, Double.leastNormalMagnitude)
        var mantissa = held.significand
        var exponent = Double(held.exponent)
        if mantissa > 1.414_213_562_373_095_1 {
            mantissa *= 0.5
            exponent += 1
        }
        // ln m = 2 artanh((m - 1) / (m + 1)), |argument| below 0.172.
        let z = (mantissa - 1) / (mantissa + 1)
        let square = z * z
        let series = 1 + square * (1.0 / 3 + square * (1.0 / 5 + square * (1.0 / 7 + square / 9)))
        return exponent * 0.693_147_180_559_945_3 + 2 * z * series
    }

    /// e to the power of `value`; held at the ends of the normal numbers.
    static func exponential(_ value: Double) -> Double {
        let halvings = (value * 1.442_695_040_888_963_4).rounded()
        if halvings < -1020 { return 0 }
        if halvings > 1020 { return Double.greatestFiniteMagnitude }
        let rest = value - halvings * 0.693_147_180_559_945_3
        let series =
            1 + rest * (1 + rest * (0.5 + rest * (1.0 / 6 + rest * (1.0 / 24 + rest * (1.0 / 120 + rest / 720)))))
        return Double(sign: .plus, exponent: Int(halvings), significand: series)
    }

    /// A number above zero to any power.
    static func of(_ base: Double, _ power: Double) -> Double { exponential(power * logarithm(base)) }
}
