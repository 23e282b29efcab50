/// The routes of one search: for each driver a queue of batches, each a set of orders. All storage is raw memory
/// that is allocated once; a change can be undone.
///
/// A lane belongs to one thread for its life.
struct Lane: ~Copyable {
    let tables: SearchTables
    let queue: Int
    let slots: Int
    /// Orders of batch b of vehicle v, ascending: `members[(v * queue + b) * slots ...]`.
    let members: UnsafeMutablePointer<Int32>
    let sizes: UnsafeMutablePointer<UInt8>
    let starts: UnsafeMutablePointer<Int32>
    let places: UnsafeMutablePointer<Int32>
    let batchCosts: UnsafeMutablePointer<Int>
    let costs: UnsafeMutablePointer<Int>
    /// By how much another order makes a vehicle's present ones dearer at least, or they it, where it finds its food
    /// ready; see `Lane.shift(of:)`.
    let shifts: UnsafeMutablePointer<Int>
    /// Whether such a bound holds under the rules, and the least weight of any order in it.
    private let leastWeight: Int
    /// Vehicles that the search may change; the others keep what they have.
    let isActive: UnsafeMutablePointer<Bool>
    /// Orders that this lane may place when nobody has them; another lane has the others.
    let mayPlace: UnsafeMutablePointer<Bool>
    /// Orders from which ruins start.
    let activeOrders: UnsafeMutablePointer<Int32>
    var activeOrderCount: Int
    /// The vehicle of each new order, -1 for none.
    let owners: UnsafeMutablePointer<Int32>
    let extras: UnsafeMutablePointer<Int32>
    /// Cost of everything: ways, extras, unserved orders.
    var total = 0

    var stops: StopSearch
    let memory: BatchMemory
    let later: QueueMemory
    let remembers: Bool
    var random: RandomSource

    let trial: UnsafeMutablePointer<Int32>
    // Undo: vehicles and orders as they were when the present change began.
    let savedMembers: UnsafeMutablePointer<Int32>
    let savedSizes: UnsafeMutablePointer<UInt8>
    let savedStarts: UnsafeMutablePointer<Int32>
    let savedPlaces: UnsafeMutablePointer<Int32>
    let savedBatchCosts: UnsafeMutablePointer<Int>
    let savedCosts: UnsafeMutablePointer<Int>
    let savedShifts: UnsafeMutablePointer<Int>
    let savedOwners: UnsafeMutablePointer<Int32>
    let savedExtras: UnsafeMutablePointer<Int32>
    let vehicleStamps: UnsafeMutablePointer<Int32>
    let orderStamps: UnsafeMutablePointer<Int32>
    let touchedVehicles: UnsafeMutablePointer<Int32>
    let touchedOrders: UnsafeMutablePointer<Int32>
    let removed: UnsafeMutablePointer<Int32>
    // The best routes met, and what changed since they were noted.
    let bestMembers: UnsafeMutablePointer<Int32>
    let bestSizes: UnsafeMutablePointer<UInt8>
    let bestOwners: UnsafeMutablePointer<Int32>
    let bestExtras: UnsafeMutablePointer<Int32>
    let changedVehicles: UnsafeMutablePointer<Int32>
    let changedOrders: UnsafeMutablePointer<Int32>
    let hasChangedVehicle: UnsafeMutablePointer<Bool>
    let hasChangedOrder: UnsafeMutablePointer<Bool>
    var changedVehicleCount = 0
    var changedOrderCount = 0
    let sortKeys: UnsafeMutablePointer<Int>
    var touchedVehicleCount = 0
    var touchedOrderCount = 0
    var removedCount = 0
    var stamp: Int32 = 0
    var savedTotal = 0

    init(_ tables: SearchTables, seed: RandomSource, memoryBits: Int) {
        self.tables = tables
        let orders = max(tables.orderCount, 1)
        let vehicles = max(tables.vehicleCount, 1)
        queue = tables.rules.queue
        slots = tables.rules.maxBatch
        let batches = vehicles * queue
        members = .filled(0, batches * slots)
        sizes = .filled(0, batches)
        isActive = .filled(true, vehicles)
        mayPlace = .filled(true, orders)
        activeOrders = .filled(0, orders)
        activeOrderCount = tables.orderCount
        starts = .filled(0, batches)
        places = .filled(0, batches)
        batchCosts = .filled(0, batches)
        costs = .filled(0, vehicles)
        shifts = .filled(0, vehicles)
        let isMonotone = queue == 1 && tables.rules.bagTime == 0 && tables.rules.completion >= 0
        var least = isMonotone && tables.orderCount > 0 ? Int.max : 0
        for order in 0..<tables.orderCount { least = min(least, Int(tables.orders[order].weight)) }
        leastWeight = least
        owners = .filled(-1, orders)
        extras = .filled(0, orders)
        stops = StopSearch(tables)
        memory = BatchMemory(bits: memoryBits)
        later = QueueMemory(bits: tables.rules.queue > 1 ? memoryBits : 0)
        remembers = vehicles < 0xFFFF && tables.orderCount < 0xFFF0
        random = seed
        trial = .filled(0, 16 * slots)
        savedMembers = .filled(0, batches * slots)
        savedSizes = .filled(0, batches)
        savedStarts = .filled(0, batches)
        savedPlaces = .filled(0, batches)
        savedBatchCosts = .filled(0, batches)
        savedCosts = .filled(0, vehicles)
        savedShifts = .filled(0, vehicles)
        savedOwners = .filled(-1, orders)
        savedExtras = .filled(0, orders)
        vehicleStamps = .filled(0, vehicles)
        orderStamps = .filled(0, orders)
        touchedVehicles = .filled(0, vehicles)
        touchedOrders = .filled(0, orders)
        removed = .filled(0, orders)
        bestMembers = .filled(0, batches * slots)
        bestSizes = .filled(0, batches)
        bestOwners = .filled(-1, orders)
        bestExtras = .filled(0, orders)
        changedVehicles = .filled(0, vehicles)
        changedOrders = .filled(0, orders)
        hasChangedVehicle = .filled(false, vehicles)
        hasChangedOrder = .filled(false, orders)
        sortKeys = .filled(0, orders)
        for order in 0..<tables.orderCount { activeOrders[order] = Int32(order) }
        clear()
    }

    deinit {
        for pointer in [members, starts, places, owners, extras, trial, savedMembers, savedStarts, savedPlaces] {
            pointer.deallocate()
        }
        for pointer in [isActive, mayPlace, hasChangedVehicle, hasChangedOrder] { pointer.deallocate() }
        for pointer in [changedVehicles, changedOrders, bestMembers, bestOwners, bestExtras] { pointer.deallocate() }
        for pointer in [
            activeOrders, savedOwners, savedExtras, vehicleStamps, orderStamps, touchedVehicles, touchedOrders, removed,
        ] {
            pointer.deallocate()
        }
        for pointer in [batchCosts, costs, shifts, savedBatchCosts, savedCosts, savedShifts, sortKeys] {
            pointer.deallocate()
        }
        for pointer in [sizes, savedSizes, bestSizes] { pointer.deallocate() }
    }

    /// No driver has a new order; running orders stand in their drivers' first batches.
    mutating func clear() {
        total = 0
        for order in 0..<tables.orderCount {
            owners[order] = -1
            extras[order] = 0
            total += tables.orders[order].unserved
        }
        for vehicle in 0..<tables.vehicleCount {
            let row = tables.vehicles + vehicle
            for batch in 0..<queue { sizes[vehicle * queue + batch] = 0 }
            for index in 0..<Int(row.pointee.runningCount) {
                members[vehicle * queue * slots + index] = row.pointee.runningFirst + Int32(index)
            }
            sizes[vehicle * queue] = UInt8(row.pointee.runningCount)
            costs[vehicle] = 0
            if row.pointee.runningCount > 0 { settle(vehicle) }
            total += costs[vehicle]
        }
    }

    @inline(__always)
    func isEmpty(_ vehicle: Int) -> Bool { sizes[vehicle &* queue] == 0 }

    @inline(__always)
    func batchCount(_ vehicle: Int) -> Int {
        var count = 0
        while count < queue, sizes[vehicle &* queue &+ count] > 0 { count &+= 1 }
        return count
    }

    /// Computes starts and costs of a vehicle's batches anew from their members, those before `first` excepted.
    mutating func settle(_ vehicle: Int, from first: Int = 0) {
        var time = tables.vehicles[vehicle].start
        var place = tables.vehicles[vehicle].place
        var cost = 0
        for batch in 0..<first { cost &+= batchCosts[vehicle &* queue &+ batch] }
        if first > 0 { (time, place) = (starts[vehicle &* queue &+ first], places[vehicle &* queue &+ first]) }
        for batch in first..<queue {
            let slot = vehicle &* queue &+ batch
            starts[slot] = time
            places[slot] = place
            let size = Int(sizes[slot])
            if size == 0 { break }
            let value = batchValue(
                ofBatch: slot, size: size, vehicle: vehicle, isFirst: batch == 0, time: time, place: place)
            batchCosts[slot] = value.cost
            cost &+= value.cost
            time = value.end
            place = value.place
        }
        costs[vehicle] = min(cost, StopSearch.infinity)
        shifts[vehicle] = leastWeight == 0 ? 0 : shift(of: vehicle)
    }

    /// Let an order whose food is ready when the vehicle comes straight to it be added to the only batch. Of it and
    /// each present order one is delivered first, and keeps the other by the time of its stops; a present one by what
    /// waits for food leave of that, and all waits together are never longer than the longest of an order fetched
    /// first.
    private func shift(of vehicle: Int) -> Int {
        let row = tables.vehicles + vehicle
        if row.pointee.runningCount > 0 || row.pointee.pace != 1024 { return 0 }
        let size = Int(sizes[vehicle])
        var longest = 0
        for index in 0..<size {
            let order = tables.orders + Int(members[vehicle &* slots &+ index])
            let way = tables.travel(row.pointee.place, order.pointee.pickup, 1024)
            let arrival = Int(row.pointee.start) &+ way &+ tables.rules.pickupApproach
            longest = max(longest, Int(order.pointee.ready) &- arrival)
        }
        return size &* leastWeight &* max(0, tables.rules.orderTime &- longest)
    }

    /// The cost of a batch for a vehicle from a given time and place; exact where it is below `cutoff`.
    @inline(__always)
    mutating func evaluate(
        _ vehicle: Int, isFirst: Bool, orders: UnsafePointer<Int32>, count: Int, time: Int32, place: Int32, cutoff: Int
    ) -> BatchValue {
        guard remembers && count > 1 && count <= BatchMemory.mostOrders else {
            return search(vehicle, orders: orders, count: count, time: time, place: place, cutoff: cutoff)
        }
        let key = BatchMemory.key(vehicle: vehicle, orders: orders, count: count)
        let known = isFirst ? memory.value(key) : later.value(key, time: time, place: place)
        if let known, known.isExact || known.cost >= cutoff {
            stops.steps &+= 1
            return known
        }
        let value = search(vehicle, orders: orders, count: count, time: time, place: place, cutoff: cutoff)
        if isFirst { memory.keep(key, value) } else { later.keep(key, time: time, place: place, value) }
        return value
    }

    private mutating func search(
        _ vehicle: Int, orders: UnsafePointer<Int32>, count: Int, time: Int32, place: Int32, cutoff: Int
    ) -> BatchValue {
        stops.run(
            rows: orders, count: count, vehicle: tables.vehicles + vehicle, time: Int(time), place: place,
            cutoff: cutoff)
        let found = stops.best < cutoff
        return BatchValue(
            cost: stops.best, end: found ? Int32(truncatingIfNeeded: stops.bestEnd) : time,
            place: found ? stops.bestPlace : place, isExact: found)
    }
}

extension UnsafeMutablePointer {
    /// New memory, every element set.
    static func filled(_ value: Pointee, _ count: Int) -> UnsafeMutablePointer<Pointee> {
        let pointer = UnsafeMutablePointer<Pointee>.allocate(capacity: Swift.max(count, 1))
        pointer.initialize(repeating: value, count: Swift.max(count, 1))
        return pointer
    }
}
