/// Reads the server's binary `numeric`: groups of four decimal digits, a weight, a sign and a display scale
/// (`numeric_send` in the server's `numeric.c`).
enum NumericText {
    static func decode(_ bytes: ArraySlice<UInt8>) -> String? {
        func field(_ index: Int) -> UInt16? {
            BinaryReader.integer(bytes.dropFirst(index * 2).prefix(2), as: UInt16.self)
        }
        guard let count = field(0), let rawWeight = field(1), let sign = field(2), let scale = field(3) else {
            return nil
        }
        switch sign {
        case 0xC000: return "NaN"
        case 0xD000: return "Infinity"
        case 0xF000: return "-Infinity"
        default: break
        }
        var groups: [UInt16] = []
        for index in 0..<Int(count) {
            guard let group = field(4 + index) else { return nil }
            groups.append(group)
        }
        return text(groups, weight: Int(Int16(bitPattern: rawWeight)), scale: Int(scale), isNegative: sign == 0x4000)
    }

    private static func text(_ groups: [UInt16], weight: Int, scale: Int, isNegative: Bool) -> String {
        func group(at power: Int) -> String {
            let index = weight - power
            let digits = String(groups.indices.contains(index) ? groups[index] : 0)
            return String(repeating: "0", count: 4 - digits.count) + digits
        }
        var whole = weight < 0 ? "0" : stride(from: weight, through: 0, by: -1).map(group).joined()
        whole = String(whole.drop { $0 == "0" })
        if whole.isEmpty { whole = "0" }
        var fraction = ""
        var power = -1
        while fraction.count < scale {
            fraction += group(at: power)
            power -= 1
        }
        fraction = String(fraction.prefix(scale))
        return (isNegative ? "-" : "") + whole + (fraction.isEmpty ? "" : "." + fraction)
    }
}
