import DispatchCore
import Foundation
import Synchronization

/// Runs the lanes one after the other and tells how long the command would have taken with a free core for each: the
/// processor time of everything, less that of every lane but the longest. Other programs on the machine hardly change it.
final class TimedLanes: LaneRunner {
    /// Processor seconds of each lane, by parallel part of the search.
    private let parts = Mutex<[[Double]]>([])

    func map<T: Sendable>(_ count: Int, _ body: @Sendable (Int) -> T) -> [T] {
        var seconds: [Double] = []
        let results = (0..<count).map { number in
            let begin = Self.processorSeconds()
            defer { seconds.append(Self.processorSeconds() - begin) }
            return body(number)
        }
        parts.withLock { $0.append(seconds) }
        return results
    }

    /// One line: seconds with a core for each lane, those outside the lanes, those of each part.
    var report: String {
        let all = Self.processorSeconds()
        return parts.withLock { parts in
            let longest = parts.map { $0.max() ?? 0 }.reduce(0, +)
            let outside = all - parts.joined().reduce(0, +)
            let each = parts.map { lanes in lanes.map { String(format: "%.3f", $0) }.joined(separator: "|") }
            return String(format: "cores %.3f s  outside %.3f s  lanes ", outside + longest, outside)
                + each.joined(separator: " ")
        }
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
