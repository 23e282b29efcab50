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
            guard isHome(number) else {
                problems.append("member \(record.id) is not where it says")
                return
            }
            let (block, lane) = spot(of: number)
            let isFresh = block.flags[lane] & PointFlags.fresh.rawValue != 0
            if freshBit != 0, isFresh == record.isStale {
                problems.append("member \(record.id) is both fresh and stale, or neither")
            }
            if (wheel.policy == nil) != (record.wheelSlot == .max) {
                problems.append("member \(record.id) hangs wrongly in the wheel")
            }
        }
        return problems + brokenWheel()
    }

    /// Whether a member's leaf is the one that it remembers.
    private func isHome(_ number: UInt32) -> Bool {
        let record = table[number].pointee
        guard record.home & TreeLayout.innerMark != 0 else {
            let block = leaf(record.home)
            return block.isRemembered && Int(record.lane) < block.count && block.ids[Int(record.lane)] == record.id
        }
        let child = inner(record.home & ~TreeLayout.innerMark).children[record.slot]
        guard child != 0, child & TreeLayout.innerMark == 0 else { return false }
        let block = leaf(child)
        return !block.isRemembered && (0..<block.count).contains { block.ids[$0] == record.id }
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
        var counts = LeafBlock.Counts.zero
        while reference != 0 {
            let block = view.leaf(reference)
            unitsSeen += block.units
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
                counts &+= LeafBlock.counts(of: block.flags[lane])
                let place = block.places[lane]
                let x = UInt32(truncatingIfNeeded: FixedPoint.of(place.longitude + 180) &- view.originX)
                let y = UInt32(truncatingIfNeeded: FixedPoint.of(place.latitude + 90) &- view.originY)
                if !block.cell.contains(x, y) { problems.append("a place outside of its cell") }
                if Double(block.cell.leastCosine) > cosine(place.latitude) {
                    problems.append("a cosine too large")
                }
            }
            places += block.count
            reference = block.next
        }
        if view.leaf(head).isRemembered, view.leaf(head).flagCounts != counts {
            problems.append("a leaf that counts its flags wrongly")
        }
        return union
    }

    private func cosine(_ latitude: Double) -> Double {
        Trigonometry.cosine(latitude * Trigonometry.radiansPerDegree) + 1e-15
    }
}
