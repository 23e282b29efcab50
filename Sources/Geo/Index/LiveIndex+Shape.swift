/// How the tree changes its shape: leaves grow, split, chain and shrink; crowds that have left collapse.
extension LiveIndex {
    // MARK: Unions

    /// More flags below a child; stops at the first node that has them already.
    @inline(__always)
    mutating func addToUnions(_ bits: UInt8, slot: Int, below start: UInt32) {
        var (node, slot) = (start, slot)
        while node != 0 {
            let current = inner(node)
            let union = current.unions[slot]
            if union | bits == union { return }
            current.unions[slot] = union | bits
            slot = Int(current.cell.slot)
            node = current.cell.parent
        }
    }

    /// The exact union of a child, carried upwards as far as it changes anything.
    mutating func setUnion(of exact: UInt8, slot: Int, below start: UInt32) {
        var (node, slot, union) = (start, slot, exact)
        while node != 0 {
            let current = inner(node)
            if current.unions[slot] == union { return }
            current.unions[slot] = union
            union = current.flagsUnion
            slot = Int(current.cell.slot)
            node = current.cell.parent
        }
    }

    /// What any place of a leaf has, in the time that one block takes.
    @inline(__always)
    func leafUnion(_ head: UInt32) -> UInt8 {
        guard head != 0 else { return 0 }
        let block = leaf(head)
        return block.isRemembered ? block.countedUnion : block.flagsUnion
    }

    // MARK: Growing

    /// The cell of a child.
    private func childCell(_ slot: Int, below node: UInt32) -> LeafBlock.Cell {
        let parent = inner(node).cell
        let bits = parent.bits - 2
        let south = parent.south &+ UInt32(slot >> 2) << UInt32(bits)
        return LeafBlock.Cell(
            parent: node, west: parent.west &+ UInt32(slot & 3) << UInt32(bits), south: south,
            leastCosine: leastCosine(south: south, bits: bits), bits: bits, slot: UInt8(slot))
    }

    mutating func makeLeaf(_ slot: Int, below node: UInt32, capacity: Int) -> UInt32 {
        let cell = childCell(slot, below: node)
        let reference = slab.allocate(units: TreeLayout.units(ofCapacity: capacity, bits: cell.bits))
        LeafBlock.writeHead(at: slab.at(reference), capacity: capacity, cell: cell)
        let block = leaf(reference)
        if block.isRemembered { block.flagCounts = .zero }
        return reference
    }

    /// Makes room in a full leaf. False when the leaf was split, so that the way down has to be taken anew.
    mutating func makeRoom(_ slot: Int, below node: UInt32) -> Bool {
        let head = inner(node).children[slot]
        let block = leaf(head)
        if block.capacity < TreeLayout.largestCapacity {
            inner(node).children[slot] = resized(head, capacity: TreeLayout.capacity(1, from: block.capacity))
            return true
        }
        if block.cell.bits > TreeLayout.smallestCellBits {
            split(slot, below: node)
            return false
        }
        let link = makeLeaf(slot, below: node, capacity: TreeLayout.capacities[0])
        leaf(link).next = head
        leaf(link).flagCounts = block.flagCounts
        inner(node).children[slot] = link
        return true
    }

    /// The same leaf in a block of another size.
    private mutating func resized(_ old: UInt32, capacity: Int) -> UInt32 {
        let source = leaf(old)
        let new = slab.allocate(units: TreeLayout.units(ofCapacity: capacity, bits: source.cell.bits))
        slab.at(new).copyMemory(from: source.cell.base, byteCount: 23)
        slab.at(new).storeBytes(of: UInt8(capacity), toByteOffset: 23, as: UInt8.self)
        let target = leaf(new)
        let count = source.count
        target.flags.update(from: source.flags, count: count)
        target.places.update(from: source.places, count: count)
        target.ids.update(from: source.ids, count: count)
        if target.isRemembered {
            target.flagCounts = source.flagCounts
            for lane in 0..<count { record(at: lane, of: target).pointee.home = new }
        }
        slab.release(old, units: source.units)
        return new
    }

    /// Turns a full leaf into an inner node with a leaf for each of its 16 squares that holds anything.
    private mutating func split(_ slot: Int, below parent: UInt32) {
        let old = inner(parent).children[slot]
        let node = slab.allocate(units: TreeLayout.innerUnits)
        InnerNode.writeHead(at: slab.at(node), cell: childCell(slot, below: parent))
        let source = leaf(old)
        let count = source.count
        lookAhead(for: source)
        inner(node).count = count
        var sizes = SIMD16<UInt8>()
        for lane in 0..<count { sizes[square(of: lane, in: source, node: node)] += 1 }
        for square in 0..<16 where sizes[square] > 0 {
            let capacity = TreeLayout.smallestCapacity(holding: Int(sizes[square]))
            inner(node).children[square] = makeLeaf(square, below: node, capacity: capacity)
        }
        for lane in 0..<count {
            let square = square(of: lane, in: source, node: node)
            moveLane(lane, of: source, to: inner(node).children[square])
            inner(node).unions[square] |= source.flags[lane]
        }
        inner(parent).children[slot] = node | TreeLayout.innerMark
        slab.release(old, units: source.units)
    }

    /// Asks for the records of all members of a block.
    private func lookAhead(for block: LeafBlock) {
        let (ids, count) = (block.ids, block.count)
        for lane in 0..<count { table.prefetchEntry(of: ids[lane]) }
        for lane in 0..<count { _ = table.likelyNumber(of: ids[lane]) }
    }

    private func square(of lane: Int, in block: LeafBlock, node: UInt32) -> Int {
        inner(node).slot(of: fixedX(block.places[lane].longitude), fixedY(block.places[lane].latitude))
    }

    private func moveLane(_ lane: Int, of source: LeafBlock, to reference: UInt32) {
        let target = leaf(reference)
        let end = target.count
        source.copyLane(lane, to: target, end)
        target.count = end + 1
        if target.isRemembered { target.flagCounts &+= LeafBlock.counts(of: source.flags[lane]) }
        settle(record(at: end, of: target), in: target, reference, end)
    }

    /// A root of four times the side around the old one.
    mutating func growRoot() {
        let old = inner(root)
        precondition(old.cell.bits < 32, "the whole globe is not enough")
        let bits = old.cell.bits + 2
        let mask = bits == 32 ? 0 : ~UInt32(0) << UInt32(bits)
        let (west, south) = (old.cell.west & mask, old.cell.south & mask)
        let new = slab.allocate(units: TreeLayout.innerUnits)
        let cell = LeafBlock.Cell(
            parent: 0, west: west, south: south, leastCosine: leastCosine(south: south, bits: bits), bits: bits, slot: 0
        )
        InnerNode.writeHead(at: slab.at(new), cell: cell)
        let node = inner(new)
        node.count = old.count
        if old.count == 0 {
            slab.release(root, units: TreeLayout.innerUnits)
        } else {
            let slot = node.slot(of: old.cell.west, old.cell.south)
            old.cell.parent = new
            old.cell.slot = UInt8(slot)
            node.children[slot] = root | TreeLayout.innerMark
            node.unions[slot] = old.flagsUnion
        }
        root = new
    }

    // MARK: Shrinking

    /// Cleans up after a place was taken out of a leaf: frees or shrinks it, makes the unions exact, and lets a node
    /// with few places left become a leaf.
    mutating func tidy(_ slot: Int, below parent: UInt32) {
        let node = inner(parent)
        let head = node.children[slot]
        let block = leaf(head)
        if block.count == 0 {
            slab.release(head, units: block.units)
            node.children[slot] = 0
            setUnion(of: 0, slot: slot, below: parent)
        } else {
            // Two sizes too large before it shrinks by one, so that a leaf at a threshold does not flutter.
            if block.count <= block.capacity / 2, block.next == 0, block.capacity > TreeLayout.capacities[0],
                block.count <= TreeLayout.capacity(-2, from: block.capacity)
            {
                node.children[slot] = resized(head, capacity: TreeLayout.capacity(-1, from: block.capacity))
            }
            setUnion(of: leafUnion(node.children[slot]), slot: slot, below: parent)
        }
        guard node.count <= TreeLayout.collapseAt, parent != root else { return }
        var highest = parent
        while true {
            let above = inner(highest).cell.parent
            if above == root || inner(above).count > TreeLayout.collapseAt { break }
            highest = above
        }
        collapse(highest)
    }

    /// Turns a node with few places into one leaf, or into nothing.
    private mutating func collapse(_ node: UInt32) {
        let cell = inner(node).cell
        let (parent, slot, count) = (cell.parent, Int(cell.slot), inner(node).count)
        var leafReference: UInt32 = 0
        if count > 0 {
            leafReference = makeLeaf(slot, below: parent, capacity: TreeLayout.smallestCapacity(holding: count))
        }
        empty(node, into: leafReference)
        inner(parent).children[slot] = leafReference
        setUnion(of: leafUnion(leafReference), slot: slot, below: parent)
    }

    private mutating func empty(_ node: UInt32, into target: UInt32) {
        for slot in 0..<16 {
            let child = inner(node).children[slot]
            if child & TreeLayout.innerMark != 0 {
                empty(child & ~TreeLayout.innerMark, into: target)
            } else if child != 0 {
                let block = leaf(child)
                for lane in 0..<block.count { moveLane(lane, of: block, to: target) }
                slab.release(child, units: block.units)
            }
        }
        slab.release(node, units: TreeLayout.innerUnits)
    }
}
