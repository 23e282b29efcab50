extension PlannedStop: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(kind)
        writer.write(order)
        writer.write(place)
        writer.write(arrival)
        writer.write(departure)
        writer.write(distance)
        writer.write(isRunning)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(
            kind: try reader.read(),
            order: try reader.read(),
            place: try reader.read(),
            arrival: try reader.read(),
            departure: try reader.read(),
            distance: try reader.read(),
            isRunning: try reader.readFlag())
    }
}

extension CostTerms: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(delay)
        writer.write(driving)
        writer.write(lateness)
        writer.write(bagTime)
        writer.write(completion)
        writer.write(switching)
        writer.write(preference)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(
            delay: try reader.read(),
            driving: try reader.read(),
            lateness: try reader.read(),
            bagTime: try reader.read(),
            completion: try reader.read(),
            switching: try reader.read(),
            preference: try reader.read())
    }
}

extension RunnerUp: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(driver)
        writer.write(difference)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(
            driver: try reader.read(),
            difference: try reader.read())
    }
}

extension RefusedDriver: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(driver)
        writer.write(why)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(
            driver: try reader.read(),
            why: try reader.read())
    }
}

extension BatchReason: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(trigger)
        writer.write(terms)
        writer.write(runnersUp)
        writer.write(refused)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(
            trigger: try reader.read(),
            terms: try reader.read(),
            runnersUp: try reader.readList(),
            refused: try reader.readList())
    }
}

extension PlannedBatch: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(driver)
        writer.write(orders)
        writer.write(stops)
        writer.write(distance)
        writer.write(duration)
        writer.write(reason)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(
            driver: try reader.read(),
            orders: try reader.readList(),
            stops: try reader.readList(),
            distance: try reader.read(),
            duration: try reader.read(),
            reason: try reader.read())
    }
}

extension RefusalCount: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(why)
        writer.write(Int64(drivers))
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(
            why: try reader.read(),
            drivers: try reader.readInt32())
    }
}

extension WaitingReason: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(order)
        writer.write(reason)
        writer.write(driver)
        writer.write(tellAt)
        writer.write(refusals)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(
            order: try reader.read(),
            reason: try reader.read(),
            driver: try reader.readOptional(),
            tellAt: try reader.readOptional(),
            refusals: try reader.readList())
    }
}

extension DispatchPlan: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(policyVersion)
        writer.write(unsigned: seed)
        writer.write(commits)
        writer.write(tentative)
        writer.write(waiting)
        writer.write(cost)
        writer.write(bound)
        writer.write(isProvenOptimal)
        writer.write(isDegraded)
        writer.write(steps)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        self.init(
            policyVersion: try reader.readInteger(),
            seed: try reader.readUnsigned(),
            commits: try reader.readList(),
            tentative: try reader.readList(),
            waiting: try reader.readList(),
            cost: try reader.read(),
            bound: try reader.readOptional(),
            isProvenOptimal: try reader.readFlag(),
            isDegraded: try reader.readFlag(),
            steps: try reader.readInteger())
    }
}
