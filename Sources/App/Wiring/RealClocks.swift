package import DispatchCore
import Foundation
import Glibc

/// Where real time and real randomness enter the house; everything else is handed them.
package enum RealWorld {
    /// The wall clock.
    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// A clock that never jumps; only differences mean something.
    package static func monotonicMicroseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    /// Bytes from the kernel.
    package static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// Six decimal digits.
    package static func otp() -> String {
        var generator = SystemRandomNumberGenerator()
        let number = Int.random(in: 0..<1_000_000, using: &generator)
        return String(repeating: "0", count: 6 - String(number).count) + String(number)
    }

    /// A password of letters and digits that are hard to confuse, about 5.7 bits each.
    package static func password(_ length: Int = 14) -> String {
        let alphabet = Array("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789")
        var generator = SystemRandomNumberGenerator()
        return String((0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] })
    }

    /// Offsets of a named time zone at any moment; nil for an unknown name.
    package static func secondsEastOfUTC(zone name: String) -> (@Sendable (Timestamp) -> Int)? {
        guard let zone = TimeZone(identifier: name) else { return nil }
        return { moment in
            zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment.milliseconds) / 1000))
        }
    }
}
