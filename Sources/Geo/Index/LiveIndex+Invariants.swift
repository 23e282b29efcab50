extension LiveIndex {
    /// What is wrong with the index, in words; empty when all is well. For tests: looks at everything.
    package func brokenInvariants() -> [String] {
        var check = InvariantCheck(view: TreeView(self))
        check.node(root, parent: 0, slot: 0)
        var problems = check.problems
        if check.places != table.count { problems.append("\(check.places) places for \(table.count) members") }
        if check.unitsSeen != slab.unitsInUse { problems.append("\(slab.unitsInUse - check.unitsSeen) units leaked") }
        table.visitAll { number in
            let record = table[number].pointee
            if table.number(of: record.id) != number { problems.append("id \(record.id) is not found") }
            let block = leaf(record.block)
            if Int(record.lane) >= block.count || block.members[Int(record.lane)] != number {
                problems.append("member \(record.id) is not where it says")
            }
            let isFresh = block.flags[Int(record.lane)] & PointFlags.fresh.rawValue != 0
            if isFresh == record.isStale { problems.append("member \(record.id) is both fresh and stale, or neither") }
            if (wheel.policy == nil) != (record.wheelSlot == .max) {
                problems.append("member \(record.id) hangs wrongly in the wheel")
            }
        }
        return problems + brokenWheel()
    }

    private func brokenWheel() -> [String] {
        var linked = 0
        for slot in 0..<ExpiryWheel.slotCount {
            var (number, previous) = (wheel.heads[slot], MemberRecord.none)
            while number != MemberRecord.none {
                let record = table[number].pointee
                if Int(record.wheelSlot) != slot || record.previous != previous { return ["a torn list in the wheel"] }
                linked += 1
                (previous, number) = (number, record.next)
            }
        }
        let expected = wheel.policy == nil ? 0 : table.count
        return linked == expected ? [] : ["\(linked) of \(expected) members hang in the wheel"]
    }
}

/// A walk through the tree that counts and compares.
private struct InvariantCheck {
    let view: TreeView
    var problems: [String] = []
    var places = 0
    var unitsSeen = 0

    init(view: TreeView) {
        self.view = view
    }

    mutating func node(_ reference: UInt32, parent: UInt32, slot: Int) {
        let node = view.inner(reference)
        unitsSeen += TreeLayout.innerUnits
        let before = places
        if node.cell.parent != parent || Int(node.cell.slot) != slot && parent != 0 {
            problems.append("a wrong way up")
        }
        for slot in 0..<16 {
            let child = node.children[slot]
            let union: UInt8
            if child == 0 {
                union = 0
            } else if child & TreeLayout.innerMark != 0 {
                self.node(child & ~TreeLayout.innerMark, parent: reference, slot: slot)
                union = view.inner(child & ~TreeLayout.innerMark).flagsUnion
            } else {
                union = leaf(child, parent: reference, slot: slot)
            }
            if union != node.unions[slot] { problems.append("a union of flags is not exact") }
        }
        if node.count != places - before {
            problems.append("a node counts \(node.count), there are \(places - before)")
        }
        if node.count == 0, parent != 0 { problems.append("an empty node") }
    }

    private mutating func leaf(_ head: UInt32, parent: UInt32, slot: Int) -> UInt8 {
        var (reference, union) = (head, UInt8(0))
        while reference != 0 {
            let block = view.leaf(reference)
            unitsSeen += TreeLayout.units(ofCapacity: block.capacity)
            if block.cell.parent != parent || Int(block.cell.slot) != slot {
                problems.append("a leaf with a wrong way up")
            }
            if block.count == 0 || block.count > block.capacity { problems.append("a leaf of \(block.count)") }
            if reference != head, block.count < block.capacity { problems.append("a gap inside a chain") }
            if block.next != 0, block.cell.bits > TreeLayout.smallestCellBits {
                problems.append("a chain in a large cell")
            }
            for lane in 0..<block.count {
                union |= block.flags[lane]
                let x = UInt32(truncatingIfNeeded: FixedPoint.of(block.longitudes[lane] + 180) &- view.originX)
                let y = UInt32(truncatingIfNeeded: FixedPoint.of(block.latitudes[lane] + 90) &- view.originY)
                if !block.cell.contains(x, y) { problems.append("a place outside of its cell") }
                let record = view.record(block.members[lane]).pointee
                if record.block != reference || Int(record.lane) != lane {
                    problems.append("a member who is elsewhere")
                }
                if Double(block.cell.leastCosine) > cosine(block.latitudes[lane]) {
                    problems.append("a cosine too large")
                }
            }
            places += block.count
            reference = block.next
        }
        return union
    }

    private func cosine(_ latitude: Double) -> Double {
        Trigonometry.cosine(latitude * Trigonometry.radiansPerDegree) + 1e-15
    }
}
