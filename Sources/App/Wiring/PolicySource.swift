import DispatchCore
import Fulfilment
import Geo

extension DispatchPolicy {
    /// The policy that the configuration asks for.
    ///
    /// - Parameter pace: How much faster than life the city runs (1 in earnest): handling times shrink with it.
    init(_ configuration: AppConfiguration, pace: Double = 1) {
        self.init()
        tick = Seconds(Int64(configuration.dispatch.tickSeconds.rounded(.up)))
        maxBatch = Int32(configuration.dispatch.maxBatch)
        maxHold = Seconds(Int64(configuration.dispatch.maxHoldSeconds))
        // A kitchen that says a time is believed as far as drivers have not had to wait beyond its word.
        readyDeviation = .one
        staleAfter = Seconds(Int64(configuration.staleAfterSeconds))
        // The deployed app's pop-up lasts 30 s; a second offer meanwhile would be rejected in place of the first.
        let gap = configuration.dispatch.offerGapSeconds ?? (configuration.socket.sendsBatchAsOne ? 35 : 0)
        offerGap = Seconds(Int64(gap.rounded(.up)))
        func paced(_ seconds: Seconds) -> Seconds { Seconds(Int64((Double(seconds.value) / pace).rounded(.up))) }
        pickupApproach = paced(pickupApproach)
        pickupHandover = paced(pickupHandover)
        dropoffApproach = paced(dropoffApproach)
        dropoffHandover = paced(dropoffHandover)
        maxWait = paced(maxWait)
        limits.readySpread = paced(limits.readySpread)
        limits.bagTime = paced(limits.bagTime)
        limits.clickToDoor = paced(limits.clickToDoor)
        limits.lookAhead = paced(limits.lookAhead)
        margin = max(paced(margin), tick)
        #if DEBUG
        // Without optimisation a step takes some fifty times longer.
        budget = WorkBudget.milliseconds(3)
        #endif
    }
}

extension HouseSettings {
    /// - Throws: ``ConfigurationError`` for an unknown time zone.
    init(_ configuration: AppConfiguration, pace: Double = 1) throws {
        self.init()
        guard let offset = RealWorld.secondsEastOfUTC(zone: configuration.timeZone) else {
            throw ConfigurationError("region.timeZone is \(configuration.timeZone), which this machine does not know")
        }
        earnings = configuration.earnings
        secondsEastOfUTC = offset
        poolLimits.maxBatch = Int32(configuration.poolMaxBatch)
        poolLimits.bagUnits = Int32(configuration.poolMaxBatch) * 2
        makesOTP = configuration.makesOTP
        drawOTP = { RealWorld.otp() }
        tickMilliseconds = Int64(configuration.dispatch.tickSeconds * 1000)
        isAutomatic = configuration.dispatch.isAutomatic
        lostDriverAfterMilliseconds = Int64(configuration.dispatch.lostDriverAfterSeconds * 1000)
        lapseAfterMilliseconds = Int64(configuration.dispatch.lapseAfterSeconds * 1000)
        staleAfterMilliseconds = Int64(configuration.staleAfterSeconds * 1000)
        if pace != 1 { travel = TravelTimeEstimator(speeds: SpeedTable { _ in 25.2 }.hurried(by: pace)) }
    }
}
