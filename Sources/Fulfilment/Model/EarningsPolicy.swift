/// How much a driver earns for an order: versioned configuration, not code.
package struct EarningsPolicy: Sendable, Equatable {
    /// For each order.
    package var base: Paise
    /// For each kilometre from pickup to dropoff, counted by the metre.
    package var perKilometre: Paise
    /// Added to orders assigned within a peak hour.
    package var peakHourBonus: Paise
    /// Local hours of the day, 0 to 23, that count as peak.
    package var peakHours: Set<Int>
    /// Added to each order of a batch of two and more.
    package var multiOrderBonus: Paise

    package init(
        base: Paise = Paise(2500), perKilometre: Paise = Paise(800), peakHourBonus: Paise = .zero,
        peakHours: Set<Int> = [],
        multiOrderBonus: Paise = .zero
    ) {
        self.base = base
        self.perKilometre = perKilometre
        self.peakHourBonus = peakHourBonus
        self.peakHours = peakHours
        self.multiOrderBonus = multiOrderBonus
    }

    /// The quote for one order of a batch, frozen at assignment.
    ///
    /// - Parameters:
    ///   - stated: What the one who placed the order said the driver earns; wins over the policy.
    ///   - distance: Metres from pickup to dropoff.
    ///   - hour: Local hour of the assignment.
    package func quote(stated: Paise?, distance: Int, batchSize: Int, hour: Int) -> EarningsQuote {
        if let stated { return EarningsQuote(base: stated) }
        let metres = Int64(max(distance, 0))
        return EarningsQuote(
            base: base, distance: Paise((perKilometre.rawValue * metres + 500) / 1000),
            peakHour: peakHours.contains(hour) ? peakHourBonus : .zero,
            multiOrder: batchSize > 1 ? multiOrderBonus : .zero)
    }
}
