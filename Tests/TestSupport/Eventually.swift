/// Looks again until `condition` holds. For effects in other processes, which have no event that a test could await.
///
/// - Throws: `NeverHeld` when it does not hold within `patience` of real time.
package func eventually(
    within patience: Duration, _ condition: () async throws -> Bool
) async throws {
    var waited = Duration.zero
    while try await !condition() {
        if waited > patience { throw NeverHeld(patience: patience) }
        try await Task.sleep(for: .milliseconds(10))
        waited += .milliseconds(10)
    }
}

/// The awaited condition never held.
package struct NeverHeld: Error {
    package let patience: Duration
}
