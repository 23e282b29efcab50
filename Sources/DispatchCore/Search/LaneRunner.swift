/// Runs independent parts of a search, at the same time or one after the other: the results are the same, because
/// each part has its own seed and budget and they are merged in the sequence of their numbers. The core itself
/// starts no threads.
package protocol LaneRunner: Sendable {
    /// The results of `body(0)` to `body(count - 1)`, in that sequence.
    func map<T: Sendable>(_ count: Int, _ body: @Sendable (Int) -> T) -> [T]
}

/// One after the other, on the caller's thread.
package struct SerialLanes: LaneRunner {
    package init() {}

    package func map<T: Sendable>(_ count: Int, _ body: @Sendable (Int) -> T) -> [T] { (0..<count).map(body) }
}
