import Contract
import DispatchCore
import Fulfilment

/// Calendar days of the region.
struct LocalCalendar: Sendable {
    let secondsEastOfUTC: @Sendable (Timestamp) -> Int

    private static let day: Int64 = 86_400_000

    /// Days since 1970-01-01 on the region's wall calendar.
    func dayNumber(of moment: Timestamp) -> Int64 {
        let local = moment.milliseconds + Int64(secondsEastOfUTC(moment)) * 1000
        return (local >= 0 ? local : local - Self.day + 1) / Self.day
    }

    /// The first moment of a day. Where clocks change, the offset in force at that moment counts.
    func start(ofDay number: Int64) -> Timestamp {
        let midnight = number * Self.day
        var moment = Timestamp(milliseconds: midnight)
        for _ in 0..<2 {
            moment = Timestamp(milliseconds: midnight - Int64(secondsEastOfUTC(moment)) * 1000)
        }
        return moment
    }

    /// `YYYY-MM-DD`.
    func name(ofDay number: Int64) -> String {
        WireTime.formatDay(milliseconds: number * Self.day)
    }

    /// The day that `YYYY-MM-DD` names.
    func dayNumber(named text: String) -> Int64? {
        WireTime.parseDay(text).map { $0 / Self.day }
    }

    /// Monday of the week that the day lies in. 1970-01-01 was a Thursday.
    func firstOfWeek(_ number: Int64) -> Int64 {
        number - ((number + 3) % 7 + 7) % 7
    }

    /// The first of the month that the day lies in.
    func firstOfMonth(_ number: Int64) -> Int64 {
        let dayOfMonth = Int64(name(ofDay: number).suffix(2)) ?? 1
        return number - dayOfMonth + 1
    }
}
