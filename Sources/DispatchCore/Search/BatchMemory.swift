/// What a batch costs a driver as his first one: exactly, or at least.
struct BatchValue {
    var cost: Int
    var end: Int32
    var place: Int32
    var isExact: Bool
}

/// Remembers what batches cost, so that the search evaluates a driver with the same orders once. Direct-mapped: a
/// new entry replaces whatever stood in its slot, so memory is bounded and the contents depend on nothing but the
/// calls.
///
/// What it holds at the end are the columns for the set-partitioning polish.
struct BatchMemory: ~Copyable {
    struct Entry {
        /// Driver and up to three orders, 16 bits each; `UInt64.max` is an empty slot.
        var key: UInt64
        /// Never negative; bit 0 says exact.
        var code: Int
        var end: Int32
        var place: Int32
    }

    /// Larger batches have no key.
    static let mostOrders = 3

    let capacity: Int
    private let mask: Int
    private let entries: UnsafeMutablePointer<Entry>

    init(bits: Int) {
        capacity = 1 << bits
        mask = capacity - 1
        entries = .allocate(capacity: capacity)
        entries.initialize(repeating: Entry(key: .max, code: 0, end: 0, place: 0), count: capacity)
    }

    deinit { entries.deallocate() }

    /// A slot for about every hundred steps, between four thousand and half a million.
    static func bits(for budget: Int) -> Int {
        var bits = 12
        while bits < 19, 1 << bits < budget / 100 { bits += 1 }
        return bits
    }

    /// Orders in ascending sequence; nil where the numbers do not fit.
    @inline(__always)
    static func key(vehicle: Int, orders: UnsafePointer<Int32>, count: Int) -> UInt64 {
        var key = UInt64(truncatingIfNeeded: vehicle)
        var index = 0
        while index < mostOrders {
            key = key &<< 16 | (index < count ? UInt64(truncatingIfNeeded: orders[index]) : 0xFFFF)
            index &+= 1
        }
        return key
    }

    @inline(__always)
    private func slot(_ key: UInt64) -> UnsafeMutablePointer<Entry> {
        let mixed = (key ^ (key &>> 29)) &* 0x9E37_79B9_7F4A_7C15
        return entries + (Int(truncatingIfNeeded: mixed &>> 32) & mask)
    }

    @inline(__always)
    func value(_ key: UInt64) -> BatchValue? {
        let entry = slot(key)
        guard entry.pointee.key == key else { return nil }
        return BatchValue(
            cost: entry.pointee.code &>> 1, end: entry.pointee.end, place: entry.pointee.place,
            isExact: entry.pointee.code & 1 == 1)
    }

    @inline(__always)
    func keep(_ key: UInt64, _ value: BatchValue) {
        let code = value.cost &<< 1 | (value.isExact ? 1 : 0)
        slot(key).pointee = Entry(key: key, code: code, end: value.end, place: value.place)
    }

    /// Calls `body` with every exact entry, in the sequence of the slots.
    func forEachExact(_ body: (_ key: UInt64, _ cost: Int) -> Void) {
        for index in 0..<capacity {
            let entry = entries[index]
            if entry.key != .max, entry.code & 1 == 1 { body(entry.key, entry.code >> 1) }
        }
    }
}
