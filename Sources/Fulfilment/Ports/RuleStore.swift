package import DispatchCore

/// What admins have ruled about dispatch: policies, of which every version is kept, and drivers' rules about
/// restaurants.
package protocol RuleStore: Sendable {
    /// Cheap: asked at every tick, so that what another server wrote is in force with the next one.
    func ruleRevision() async throws -> RuleRevision

    /// All that is in force. What is written meanwhile may be in it or not; its revision is then an older one, so that
    /// the next tick reads again.
    func ruleBook() async throws -> RuleBook

    /// Makes the next version. The key is kept in the same transaction: a repetition gives the first version back.
    ///
    /// - Throws: ``StoreError`` with `constraint` for a zone that does not exist.
    func addPolicy(_ draft: PolicyDraft, at now: Timestamp, idempotency: IdempotencyKey?) async throws -> PolicyRecord

    /// Versions, newest first.
    func policies(matching query: PolicyQuery) async throws -> [PolicyRecord]

    /// By driver and restaurant; nil does not restrict.
    func driverRules(driver: DriverID?, restaurant: RestaurantID?) async throws -> [DriverRule]

    /// Puts these in the place of all rules of the driver, and keeps who did so.
    ///
    /// - Throws: ``StoreError`` with `constraint` for a restaurant or driver that does not exist.
    func replaceRules(
        of driver: DriverID, with rules: [DriverRule], by admin: AdminID, at now: Timestamp
    ) async throws
}

/// A policy that an admin wants in force from now on.
package struct PolicyDraft: Sendable, Equatable {
    package var zone: ZoneID?
    package var values: PolicyValues
    package var note: String?
    package var createdBy: AdminID

    package init(zone: ZoneID?, values: PolicyValues, note: String?, createdBy: AdminID) {
        self.zone = zone
        self.values = values
        self.note = note
        self.createdBy = createdBy
    }
}

/// Which versions are wanted; what is left out does not restrict.
package struct PolicyQuery: Sendable, Equatable {
    package enum Scope: Sendable, Equatable {
        case everything
        /// Policies of all orders only.
        case general
        case zone(ZoneID)
    }

    package var scope = Scope.everything
    /// Older than this one.
    package var before: Int64?
    package var limit = 100

    package init() {}
}
