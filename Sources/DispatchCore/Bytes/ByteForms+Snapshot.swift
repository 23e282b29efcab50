internal import Geo

extension TravelEstimate: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(Int64(detourPerMille))
        writer.write(speeds)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(detourPerMille: try reader.readInt32(), speeds: try reader.readList())
    }
}

extension TravelSeconds: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(Int64(rows))
        writer.write(Int64(columns))
        writer.write(seconds)
        writer.write(metres)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        try self.init(from: &reader, paces: [])
    }

    fileprivate init(from reader: inout ByteReader, paces: [Int32]) throws(ByteError) {
        let (rows, columns) = (try reader.readInt32(), try reader.readInt32())
        let seconds: [Int32] = try reader.readList()
        guard rows >= 0, columns >= 0, Int(rows) * Int(columns) == seconds.count else { throw .invalidValue }
        self.init(
            rows: Int(rows), columns: Int(columns), seconds: seconds, metres: try reader.readList(), paces: paces)
    }
}

extension Travel: ByteForm {
    /// A matrix with paces of its own has a mark of its own, so that ticks stored before there were any are read.
    package func write(to writer: inout ByteWriter) {
        switch self {
        case .estimate(let estimate):
            writer.write(UInt8(0))
            writer.write(estimate)
        case .matrix(let matrix) where matrix.paces == TravelSeconds.even:
            writer.write(UInt8(1))
            writer.write(matrix)
        case .matrix(let matrix):
            writer.write(UInt8(2))
            writer.write(matrix.paces)
            writer.write(matrix)
        }
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        switch try reader.readByte() {
        case 0: self = .estimate(try reader.read())
        case 1: self = .matrix(try reader.read())
        case 2:
            let paces: [Int32] = try reader.readList()
            guard paces.count == TravelSeconds.even.count else { throw .invalidValue }
            self = .matrix(try TravelSeconds(from: &reader, paces: paces))
        default: throw .invalidValue
        }
    }
}

extension WaitingOrder: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(id)
        writer.write(zone)
        writer.write(pickup)
        writer.write(dropoff)
        writer.write(placedAt)
        writer.write(restaurant)
        writer.write(pooledAt)
        writer.write(readyAt)
        writer.write(readyDeviation)
        writer.write(promisedAt)
        writer.write(Int64(bagUnits))
        writer.write(weight)
        writer.write(excluded)
        writer.write(pinned)
        writer.write(vehicles)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        let (id, zone) = (try reader.read(OrderID.self), try reader.readOptional(ZoneID.self))
        self.init(id: id, pickup: try reader.read(), dropoff: try reader.read(), placedAt: try reader.read())
        self.zone = zone
        restaurant = try reader.readOptional()
        pooledAt = try reader.read()
        readyAt = try reader.readOptional()
        readyDeviation = try reader.read()
        promisedAt = try reader.readOptional()
        bagUnits = try reader.readInt32()
        weight = try reader.read()
        excluded = try reader.readList()
        pinned = try reader.readOptional()
        vehicles = try reader.readList()
    }
}

extension RunningStop: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(kind)
        writer.write(order)
        writer.write(place)
        writer.write(placedAt)
        writer.write(readyAt)
        writer.write(restaurant)
        writer.write(Int64(bagUnits))
        writer.write(zone)
        writer.write(weight)
        writer.write(promisedAt)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(
            kind: try reader.read(), order: try reader.read(), place: try reader.read(), placedAt: try reader.read())
        readyAt = try reader.readOptional()
        restaurant = try reader.readOptional()
        bagUnits = try reader.readInt32()
        zone = try reader.readOptional()
        weight = try reader.read()
        promisedAt = try reader.readOptional()
    }
}

extension DriverState.RestaurantRule: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(restaurant)
        writer.write(kind)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(restaurant: try reader.read(), kind: try reader.read())
    }
}

extension DriverState: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(id)
        writer.write(place)
        writer.write(freeAt)
        writer.write(lastFixAt)
        writer.write(Int64(capacity))
        writer.write(Int64(bagUnits))
        writer.write(vehicle)
        writer.write(shiftEndsAt)
        writer.write(isOnline)
        writer.write(running)
        writer.write(Int64(unplacedOrders))
        writer.write(Int64(unplacedUnits))
        writer.write(rules)
        writer.write(offeredAt)
        writer.write(mixesPlacedUntil)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(
            id: try reader.read(), place: try reader.read(), freeAt: try reader.read(), lastFixAt: try reader.read())
        capacity = try reader.readInt32()
        bagUnits = try reader.readInt32()
        vehicle = try reader.read()
        shiftEndsAt = try reader.readOptional()
        isOnline = try reader.readFlag()
        running = try reader.readList()
        unplacedOrders = try reader.readInt32()
        unplacedUnits = try reader.readInt32()
        rules = try reader.readList()
        offeredAt = try reader.readOptional()
        mixesPlacedUntil = try reader.readOptional()
    }
}

extension DispatchSnapshot: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(now)
        writer.write(policy)
        writer.write(zonePolicies)
        writer.write(travel)
        writer.write(places)
        writer.write(orders)
        writer.write(drivers)
        writer.write(expected)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(now: try reader.read(), policy: try reader.read())
        zonePolicies = try reader.readList()
        travel = try reader.read()
        places = try reader.readList()
        orders = try reader.readList()
        drivers = try reader.readList()
        expected = try reader.readList()
    }
}
