/// Remembers what batches of several orders cost a driver when they start at a given time and place: in queues the same
/// batch is looked at from the same end of the batch before it again and again. Direct-mapped like `BatchMemory`, and
/// apart from it, because these are no columns.
struct QueueMemory: ~Copyable {
    private struct Entry {
        /// Driver and orders; `UInt64.max` is an empty slot.
        var key: UInt64
        var time: Int32
        var place: Int32
        var value: BatchValue
    }

    private let mask: Int
    private let entries: UnsafeMutablePointer<Entry>

    init(bits: Int) {
        let capacity = 1 << bits
        mask = capacity - 1
        entries = .allocate(capacity: capacity)
        let nothing = BatchValue(cost: 0, end: 0, place: 0, isExact: false)
        entries.initialize(repeating: Entry(key: .max, time: 0, place: 0, value: nothing), count: capacity)
    }

    deinit { entries.deallocate() }

    @inline(__always)
    private func slot(_ key: UInt64, _ time: Int32, _ place: Int32) -> UnsafeMutablePointer<Entry> {
        let start = UInt64(UInt32(bitPattern: time)) &<< 32 | UInt64(UInt32(bitPattern: place))
        var mixed = (key ^ (key &>> 29)) &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed &>> 32) ^ start) &* 0xD1B5_4A32_D192_ED03
        return entries + (Int(truncatingIfNeeded: mixed &>> 32) & mask)
    }

    @inline(__always)
    func value(_ key: UInt64, time: Int32, place: Int32) -> BatchValue? {
        let entry = slot(key, time, place)
        guard entry.pointee.key == key, entry.pointee.time == time, entry.pointee.place == place else { return nil }
        return entry.pointee.value
    }

    @inline(__always)
    func keep(_ key: UInt64, time: Int32, place: Int32, _ value: BatchValue) {
        slot(key, time, place).pointee = Entry(key: key, time: time, place: place, value: value)
    }
}
