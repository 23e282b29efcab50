import DispatchCore

/// A calendar day in UTC, by its distance from 1970-01-01.
struct UTCDay: Hashable, Comparable, Sendable {
    let number: Int64

    init(number: Int64) { self.number = number }

    init(containing moment: Timestamp) {
        let length: Int64 = 86_400_000
        number = moment.milliseconds / length - (moment.milliseconds % length < 0 ? 1 : 0)
    }

    func advanced(by days: Int) -> UTCDay { UTCDay(number: number + Int64(days)) }

    static func < (left: Self, right: Self) -> Bool { left.number < right.number }

    /// `YYYY-MM-DD`, by Howard Hinnant's `civil_from_days`.
    var text: String {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func padded(_ value: Int64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }
}
