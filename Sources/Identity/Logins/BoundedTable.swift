/// A dictionary of bounded size that forgets the entry not touched for longest. All operations are O(1).
struct BoundedTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Node: Sendable {
        var key: Key
        var value: Value
        var older: Int
        var newer: Int
    }

    private static var none: Int { -1 }

    let capacity: Int
    private var nodes: [Node] = []
    private var slots: [Key: Int] = [:]
    private var free: [Int] = []
    private var newest = -1
    private var oldest = -1

    init(capacity: Int) {
        precondition(capacity > 0, "a table holds at least one entry")
        self.capacity = capacity
    }

    var count: Int { slots.count }

    /// The value of `key`, which becomes the newest entry.
    mutating func value(for key: Key) -> Value? {
        guard let slot = slots[key] else { return nil }
        touch(slot)
        return nodes[slot].value
    }

    /// Sets the value of `key`, which becomes the newest entry; a full table drops its oldest.
    mutating func set(_ value: Value, for key: Key) {
        if let slot = slots[key] {
            nodes[slot].value = value
            touch(slot)
            return
        }
        if slots.count == capacity {
            remove(nodes[oldest].key)
        }
        let node = Node(key: key, value: value, older: newest, newer: Self.none)
        let slot: Int
        if let reused = free.popLast() {
            nodes[reused] = node
            slot = reused
        } else {
            slot = nodes.count
            nodes.append(node)
        }
        slots[key] = slot
        attach(slot)
    }

    mutating func remove(_ key: Key) {
        guard let slot = slots.removeValue(forKey: key) else { return }
        detach(slot)
        free.append(slot)
    }

    private mutating func touch(_ slot: Int) {
        guard slot != newest else { return }
        detach(slot)
        nodes[slot].older = newest
        nodes[slot].newer = Self.none
        attach(slot)
    }

    private mutating func attach(_ slot: Int) {
        if newest != Self.none { nodes[newest].newer = slot }
        newest = slot
        if oldest == Self.none { oldest = slot }
    }

    private mutating func detach(_ slot: Int) {
        let (older, newer) = (nodes[slot].older, nodes[slot].newer)
        if older != Self.none { nodes[older].newer = newer } else { oldest = newer }
        if newer != Self.none { nodes[newer].older = older } else { newest = older }
    }
}
