/// What a search reads of an index: two pointers and the origin. A search works on this small value instead of the
/// index itself, which the compiler would otherwise copy to the stack for each call. Valid until the next change.
struct TreeView {
    private let blocks: UnsafeMutablePointer<UnsafeMutableRawPointer>
    private let records: UnsafeMutablePointer<UnsafeMutablePointer<MemberRecord>>
    let root: UInt32
    let originX: Int64
    let originY: Int64

    init(_ index: borrowing LiveIndex) {
        blocks = index.slab.segments
        records = index.table.segments
        root = index.root
        originX = index.originX
        originY = index.originY
    }

    @inline(__always)
    func at(_ reference: UInt32) -> UnsafeMutableRawPointer {
        let segment = Int(truncatingIfNeeded: reference) &>> Slab.segmentShift
        return blocks[segment] + (Int(truncatingIfNeeded: reference) & (Slab.segmentUnits - 1)) &<< 3
    }

    @inline(__always)
    func inner(_ reference: UInt32) -> InnerNode { InnerNode(at(reference)) }

    @inline(__always)
    func leaf(_ reference: UInt32) -> LeafBlock { LeafBlock(at(reference)) }

    @inline(__always)
    func record(_ number: UInt32) -> UnsafeMutablePointer<MemberRecord> {
        let index = Int(truncatingIfNeeded: number)
        return records[index &>> MemberTable.segmentShift] + (index & (MemberTable.segmentSize - 1))
    }
}
