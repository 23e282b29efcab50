package import DispatchCore

/// The history of positions.
package protocol LocationStore: Sendable {
    /// Appends fixes in bulk; each keeps its own receive time.
    func append(_ fixes: [Fix]) async throws

    /// Newest fixes of a driver, newest first.
    func fixes(of driver: DriverID, limit: Int) async throws -> [StoredFix]

    /// The newest fix of each driver received at or after `since`: warms the live index at start.
    func newestFixes(since: Timestamp) async throws -> [Fix]
}

/// A fix with its row's number.
package struct StoredFix: Sendable, Equatable {
    package var id: Int64
    package var fix: Fix

    package init(id: Int64, fix: Fix) {
        self.id = id
        self.fix = fix
    }
}
