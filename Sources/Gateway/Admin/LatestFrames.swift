package import DispatchCore
package import NIOCore

/// What a tab is still to be told of each driver: at most one frame for each, the newest. Who has waited longest comes
/// first, and a newer frame takes the older one's turn, so that it never holds more than the fleet, however slow the
/// tab.
package struct LatestFrames {
    private var frames: [DriverID: ByteBuffer] = [:]
    private var turns = CircularBuffer<DriverID>()

    package init() {}

    package var isEmpty: Bool { turns.isEmpty }
    package var count: Int { turns.count }

    /// Takes a frame; an older one of the same driver is forgotten.
    package mutating func put(_ frame: ByteBuffer, of driver: DriverID) {
        if frames.updateValue(frame, forKey: driver) == nil { turns.append(driver) }
    }

    /// Takes the next frames, at most so many.
    package mutating func take(_ most: Int) -> [ByteBuffer] {
        let taken = turns.prefix(most).compactMap { frames.removeValue(forKey: $0) }
        turns.removeFirst(taken.count)
        return taken
    }
}
