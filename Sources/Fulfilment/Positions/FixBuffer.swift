import DequeModule
import DispatchCore

/// Fixes on their way to the history, in the order of each driver. A pure value with a limit: when it is full, the
/// oldest waiting fix of the same driver gives way; a driver without a waiting fix takes the place of the driver who
/// has waited longest.
///
/// One array holds all fixes, each with the place of the next of its driver, so that neither a driver nor a fix costs
/// an allocation once the array has grown.
package struct FixBuffer: Sendable {
    private struct Node {
        var fix: Fix
        /// The next one of the driver, or the next free one; -1 behind the last.
        var next: Int
    }

    private struct Queue {
        var first = -1
        var last = -1
    }

    /// Room for more than so many fixes is given back when the buffer is empty.
    private static let roomKept = 8192

    package private(set) var count = 0
    /// Fixes that had to give way so far.
    package private(set) var dropped = 0
    private let limit: Int
    private var nodes: [Node] = []
    private var free = -1
    private var queues: [DriverID: Queue] = [:]
    /// Drivers with waiting fixes, longest waiting first.
    private var rotation: Deque<DriverID> = []

    package init(limit: Int) {
        self.limit = limit
    }

    /// Takes fixes in order.
    ///
    /// - Complexity: O(1) for each, and a look-up for each run of one driver's.
    package mutating func put(_ fixes: [Fix]) {
        var start = 0
        while start < fixes.count {
            let driver = fixes[start].driverID
            var end = start + 1
            while end < fixes.count, fixes[end].driverID == driver { end += 1 }
            put(fixes[start..<end], of: driver)
            start = end
        }
    }

    private mutating func put(_ run: ArraySlice<Fix>, of driver: DriverID) {
        let known = queues[driver]
        var queue = known ?? Queue()
        var isWaiting = known != nil
        for fix in run {
            if count >= limit {
                dropped += 1
                if isWaiting { _ = pop(&queue) } else { dropLongestWaiting() }
            }
            if !isWaiting { rotation.append(driver) }
            isWaiting = true
            append(fix, to: &queue)
        }
        queues[driver] = queue
    }

    /// Up to so many fixes, driver by driver, longest waiting first.
    package mutating func take(_ limit: Int) -> [Fix] {
        var taken: [Fix] = []
        taken.reserveCapacity(min(limit, count))
        while taken.count < limit, let driver = rotation.popFirst() {
            guard var queue = queues.removeValue(forKey: driver) else { continue }
            while taken.count < limit, let fix = pop(&queue) { taken.append(fix) }
            if queue.first >= 0 {
                queues[driver] = queue
                rotation.append(driver)
            }
        }
        if count == 0, nodes.count > Self.roomKept {
            nodes = []
            free = -1
        }
        return taken
    }

    private mutating func append(_ fix: Fix, to queue: inout Queue) {
        var place = free
        if place >= 0 {
            free = nodes[place].next
            nodes[place] = Node(fix: fix, next: -1)
        } else {
            place = nodes.count
            nodes.append(Node(fix: fix, next: -1))
        }
        if queue.first < 0 { queue.first = place } else { nodes[queue.last].next = place }
        queue.last = place
        count += 1
    }

    private mutating func pop(_ queue: inout Queue) -> Fix? {
        let place = queue.first
        guard place >= 0 else { return nil }
        queue.first = nodes[place].next
        nodes[place].next = free
        free = place
        count -= 1
        return nodes[place].fix
    }

    private mutating func dropLongestWaiting() {
        guard let longest = rotation.first, var queue = queues[longest] else { return }
        _ = pop(&queue)
        if queue.first >= 0 {
            queues[longest] = queue
        } else {
            queues[longest] = nil
            rotation.removeFirst()
        }
    }
}
