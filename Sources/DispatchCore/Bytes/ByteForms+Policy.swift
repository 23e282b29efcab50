extension DispatchPolicy.Weights: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(delay)
        writer.write(driving)
        writer.write(lateness)
        writer.write(bagTime)
        writer.write(completion)
        writer.write(agePerMinute)
        writer.write(unserved)
        writer.write(switching)
        writer.write(preference)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init()
        delay = try reader.read()
        driving = try reader.read()
        lateness = try reader.read()
        bagTime = try reader.read()
        completion = try reader.read()
        agePerMinute = try reader.read()
        unserved = try reader.read()
        switching = try reader.read()
        preference = try reader.read()
    }
}

extension DispatchPolicy.Limits: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(nearRestaurants)
        writer.write(readySpread)
        writer.write(onTheWay)
        writer.write(bagTime)
        writer.write(clickToDoor)
        writer.write(usesOrderGraph)
        writer.write(lookAhead)
        writer.write(Int64(nearestDrivers))
        writer.write(Int64(queuedBatches))
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init()
        nearRestaurants = try reader.read()
        readySpread = try reader.read()
        onTheWay = try reader.read()
        bagTime = try reader.read()
        clickToDoor = try reader.read()
        usesOrderGraph = try reader.readFlag()
        lookAhead = try reader.read()
        nearestDrivers = try reader.readInt32()
        queuedBatches = try reader.readInt32()
    }
}

extension DispatchPolicy: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(version)
        writer.write(tick)
        writer.write(Int64(maxBatch))
        writer.write(maxHold)
        writer.write(maxWait)
        writer.write(margin)
        writer.write(pickupApproach)
        writer.write(pickupHandover)
        writer.write(onePickupVisit)
        writer.write(dropoffApproach)
        writer.write(dropoffHandover)
        writer.write(readyDeviation)
        writer.write(staleAfter)
        writer.write(offerGap)
        writer.write(tellsBusyDrivers)
        writer.write(tellsInParts)
        writer.write(stopRule)
        writer.write(commitment)
        writer.write(weights)
        writer.write(limits)
        writer.write(budget)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init()
        version = try reader.readInteger()
        tick = try reader.read()
        maxBatch = try reader.readInt32()
        maxHold = try reader.read()
        maxWait = try reader.read()
        margin = try reader.read()
        pickupApproach = try reader.read()
        pickupHandover = try reader.read()
        onePickupVisit = try reader.readFlag()
        dropoffApproach = try reader.read()
        dropoffHandover = try reader.read()
        readyDeviation = try reader.read()
        staleAfter = try reader.read()
        offerGap = try reader.read()
        tellsBusyDrivers = try reader.readFlag()
        tellsInParts = try reader.readFlag()
        stopRule = try reader.read()
        commitment = try reader.read()
        weights = try reader.read()
        limits = try reader.read()
        budget = try reader.read()
    }
}

extension ZonePolicy: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(zone)
        writer.write(policy)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(zone: try reader.read(), policy: try reader.read())
    }
}
