extension LiveIndex {
    /// Puts a point at a place, whether it was there before or not, and takes this as a sign of life.
    ///
    /// - Parameters:
    ///   - flags: replace what the point had; `fresh` is the index's own.
    ///   - time: milliseconds in the caller's clock. A time before the last one does not make the point older.
    /// - Returns: whether the point is new.
    /// - Complexity: O(1) inside its cell, else O(depth), amortised.
    @discardableResult
    package mutating func update(_ id: Int64, to place: GeoPoint, flags: PointFlags, at time: Int64) -> Bool {
        guard let number = table.number(of: id) else {
            insert(id, to: place, flags: flags, at: time)
            return true
        }
        move(number, to: place, flags: flags, at: time)
        return false
    }

    /// Puts many points at their places, in order; the same as `update` for each, but up to twice as fast, because the
    /// memory that one needs is on its way while another is dealt with.
    package mutating func update(_ moves: [PointMove]) {
        forEachKnown(of: moves[...]) { index, move in
            index.update(move.id, to: move.place, flags: move.flags, at: move.time)
        }
    }

    /// Moves those who are there and tells who is not, in order.
    package mutating func updateKnown(_ moves: ArraySlice<PointMove>) -> [PointMove] {
        var unknown: [PointMove] = []
        forEachKnown(of: moves) { _, move in unknown.append(move) }
        return unknown
    }

    @inline(__always)
    private mutating func forEachKnown(
        of moves: ArraySlice<PointMove>, others: (inout LiveIndex, PointMove) -> Void
    ) {
        var start = moves.startIndex
        while start < moves.endIndex {
            let end = min(start + SearchScratch.batch, moves.endIndex)
            warmUp(moves[start..<end])
            for index in start..<end {
                let one = moves[index]
                let number = scratch.numbers[index - start]
                if number != .max {
                    move(number, to: one.place, flags: one.flags, at: one.time)
                } else {
                    others(&self, one)
                }
            }
            start = end
        }
    }

    /// Looks up a few members and reads what moving them will need. Reading is all that this is for: loads that do not
    /// wait for each other overlap.
    @inline(__always)
    private mutating func warmUp(_ moves: ArraySlice<PointMove>) {
        let first = moves.startIndex
        for index in moves.indices { scratch.numbers[index - first] = table.number(of: moves[index].id) ?? .max }
        var warmth: UInt8 = 0
        for index in 0..<moves.count where scratch.numbers[index] != .max {
            let record = table[scratch.numbers[index]]
            let block = leaf(record.pointee.block)
            let lane = Int(record.pointee.lane)
            warmth |= block.flags[lane] | UInt8(truncatingIfNeeded: block.latitudes[lane].bitPattern)
            warmth |= UInt8(truncatingIfNeeded: block.longitudes[lane].bitPattern)
        }
        scratch.warmth = warmth
    }

    @inline(__always)
    private mutating func move(_ number: UInt32, to place: GeoPoint, flags: PointFlags, at time: Int64) {
        let bits = flags.rawValue | PointFlags.fresh.rawValue
        let x = fixedX(place.longitude)
        let y = fixedY(place.latitude)
        let record = table[number]
        if time > record.pointee.lastSeen { record.pointee.lastSeen = time }
        if record.pointee.isStale { revive(number) }
        let block = leaf(record.pointee.block)
        if block.cell.contains(x, y) {
            let lane = Int(record.pointee.lane)
            block.latitudes[lane] = place.latitude
            block.longitudes[lane] = LiveIndex.western(place.longitude)
            if block.flags[lane] != bits { overwriteFlags(of: number, with: bits) }
        } else {
            relocate(number, from: block, place: place, bits: bits, x: x, y: y)
        }
    }

    /// Replaces the flags of a point; false for an unknown one. Not a sign of life.
    @discardableResult
    package mutating func setFlags(_ id: Int64, to flags: PointFlags) -> Bool {
        guard let number = table.number(of: id) else { return false }
        let kept = table[number].pointee.isStale ? 0 : PointFlags.fresh.rawValue
        overwriteFlags(of: number, with: flags.rawValue & ~PointFlags.fresh.rawValue | kept)
        return true
    }

    /// A sign of life without a place; false for an unknown point.
    @discardableResult
    package mutating func touch(_ id: Int64, at time: Int64) -> Bool {
        guard let number = table.number(of: id) else { return false }
        if time > table[number].pointee.lastSeen { table[number].pointee.lastSeen = time }
        if table[number].pointee.isStale {
            revive(number)
            overwriteFlags(of: number, with: flags(of: number) | PointFlags.fresh.rawValue)
        }
        return true
    }

    /// Removes a point; false for an unknown one.
    @discardableResult
    package mutating func remove(_ id: Int64) -> Bool {
        guard let number = table.number(of: id) else { return false }
        wheel.unlink(number, in: table)
        detach(number)
        table.remove(number)
        return true
    }

    /// A point as the index knows it; nil for an unknown id.
    package func member(_ id: Int64) -> IndexMember? {
        guard let number = table.number(of: id) else { return nil }
        let record = table[number]
        let block = leaf(record.pointee.block)
        let lane = Int(record.pointee.lane)
        guard let place = GeoPoint(latitude: block.latitudes[lane], longitude: block.longitudes[lane]) else {
            return nil
        }
        return IndexMember(
            place: place, flags: PointFlags(rawValue: block.flags[lane]), lastSeen: record.pointee.lastSeen,
            isStale: record.pointee.isStale)
    }

    /// The antimeridian has two names; inside the index it has one, so that places on it are neighbours.
    @inline(__always)
    static func western(_ longitude: Double) -> Double { longitude == 180 ? -180 : longitude }

    func flags(of number: UInt32) -> UInt8 {
        leaf(table[number].pointee.block).flags[Int(table[number].pointee.lane)]
    }

    private mutating func insert(_ id: Int64, to place: GeoPoint, flags: PointFlags, at time: Int64) {
        let (x, y) = (fixedX(place.longitude), fixedY(place.latitude))
        let bits = flags.rawValue | PointFlags.fresh.rawValue
        let number = table.insert(id)
        table[number].pointee.lastSeen = time
        if let policy = wheel.policy { wheel.link(number, due: time &+ policy.staleAfter, in: table) }
        while !inner(root).cell.contains(x, y) { growRoot() }
        inner(root).count += 1
        self.place(number, at: place, bits: bits, x: x, y: y, below: root)
    }

    /// A stale point has given a sign of life: it must be looked at before the time under which it hangs now.
    private mutating func revive(_ number: UInt32) {
        table[number].pointee.isStale = false
        guard let policy = wheel.policy else { return }
        wheel.unlink(number, in: table)
        wheel.link(number, due: table[number].pointee.lastSeen &+ policy.staleAfter, in: table)
    }

    /// Writes flags and keeps the unions above exact.
    mutating func overwriteFlags(of number: UInt32, with bits: UInt8) {
        let record = table[number]
        let block = leaf(record.pointee.block)
        let lane = Int(record.pointee.lane)
        let before = block.flags[lane]
        block.flags[lane] = bits
        let parent = block.cell.parent
        let slot = Int(block.cell.slot)
        if before & ~bits != 0 {
            setUnion(of: chainUnion(inner(parent).children[slot]), slot: slot, below: parent)
        } else {
            addToUnions(bits, slot: slot, below: parent)
        }
    }

    private mutating func relocate(
        _ number: UInt32, from block: LeafBlock, place: GeoPoint, bits: UInt8, x: UInt32, y: UInt32
    ) {
        let parent = block.cell.parent
        let slot = Int(block.cell.slot)
        takeOut(number)
        var node = parent
        while !inner(node).cell.contains(x, y) {
            if node == root { growRoot() }
            inner(node).count -= 1
            node = inner(node).cell.parent
        }
        self.place(number, at: place, bits: bits, x: x, y: y, below: node)
        tidy(slot, below: parent)
    }

    /// Takes a member's place out of the tree; the member stays in the table.
    mutating func detach(_ number: UInt32) {
        let cell = leaf(table[number].pointee.block).cell
        let (parent, slot) = (cell.parent, Int(cell.slot))
        takeOut(number)
        var node = parent
        while node != 0 {
            inner(node).count -= 1
            node = inner(node).cell.parent
        }
        tidy(slot, below: parent)
    }

    /// Fills the member's place with the last one of its leaf. The leaf may be left empty; counts and unions are not
    /// touched.
    private mutating func takeOut(_ number: UInt32) {
        let reference = table[number].pointee.block
        let lane = Int(table[number].pointee.lane)
        let hole = leaf(reference)
        let children = inner(hole.cell.parent).children
        let slot = Int(hole.cell.slot)
        let headReference = children[slot]
        let head = leaf(headReference)
        let last = head.count - 1
        if headReference != reference || lane != last {
            hole.latitudes[lane] = head.latitudes[last]
            hole.longitudes[lane] = head.longitudes[last]
            hole.flags[lane] = head.flags[last]
            let moved = head.members[last]
            hole.members[lane] = moved
            table[moved].pointee.block = reference
            table[moved].pointee.lane = UInt8(truncatingIfNeeded: lane)
        }
        head.count = last
        if last == 0, head.next != 0 {
            children[slot] = head.next
            slab.release(headReference, units: TreeLayout.units(ofCapacity: head.capacity))
        }
    }

    /// Puts a member into the leaf for its place, below a node that holds the place and counts it already.
    private mutating func place(
        _ number: UInt32, at place: GeoPoint, bits: UInt8, x: UInt32, y: UInt32, below start: UInt32
    ) {
        var node = start
        while true {
            let slot = inner(node).slot(of: x, y)
            let child = inner(node).children[slot]
            if child & TreeLayout.innerMark != 0 {
                node = child & ~TreeLayout.innerMark
                inner(node).count += 1
                continue
            }
            if child == 0 {
                inner(node).children[slot] = makeLeaf(slot, below: node, capacity: TreeLayout.capacities[0])
            } else {
                let block = leaf(child)
                if block.count == block.capacity, !makeRoom(slot, below: node) { continue }
            }
            let reference = inner(node).children[slot]
            append(number, at: place, bits: bits, to: reference)
            addToUnions(bits, slot: slot, below: node)
            return
        }
    }

    @inline(__always)
    private func append(_ number: UInt32, at place: GeoPoint, bits: UInt8, to reference: UInt32) {
        let block = leaf(reference)
        let lane = block.count
        block.latitudes[lane] = place.latitude
        block.longitudes[lane] = LiveIndex.western(place.longitude)
        block.members[lane] = number
        block.flags[lane] = bits
        block.count = lane + 1
        table[number].pointee.block = reference
        table[number].pointee.lane = UInt8(truncatingIfNeeded: lane)
    }
}

/// A point's new place, with a sign of life.
package struct PointMove: Hashable, Sendable {
    package let id: Int64
    package let place: GeoPoint
    package let flags: PointFlags
    /// Milliseconds in the caller's clock.
    package let time: Int64

    package init(id: Int64, place: GeoPoint, flags: PointFlags, time: Int64) {
        self.id = id
        self.place = place
        self.flags = flags
        self.time = time
    }
}

/// What the index knows of one member.
package struct IndexMember: Hashable, Sendable {
    package let place: GeoPoint
    package let flags: PointFlags
    /// Milliseconds of the last sign of life.
    package let lastSeen: Int64
    package let isStale: Bool
}
