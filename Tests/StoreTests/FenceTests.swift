import DispatchCore
import Fulfilment
import Postgres
import Store
import TestSupport
import Testing

@Suite("The dispatcher's fence")
struct FenceTests {
    @Test func aDispatcherThatSleptThroughATakeOverCommitsNothing() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let sample = Sample(store: store)
            let driver = try await sample.driver(1)
            let order = try await sample.order(1)
            let old = try #require(try await store.claimLease(holder: "old", lasting: 60_000))
            try await store.releaseLease(holder: "old")
            let new = try #require(try await store.claimLease(holder: "new", lasting: 60_000))
            let error = await #expect(throws: StoreError.self) {
                try await sample.assign([order.id], to: driver, fence: old)
            }
            #expect(error?.code == .staleFence)
            #expect(try await store.order(order.id) == order)
            #expect(try await store.undelivered(for: driver.id).isEmpty)
            #expect(try await store.batches(limit: 1, before: nil).isEmpty)
            try await sample.assign([order.id], to: driver, fence: new)
            #expect(try await store.brokenInvariants() == [])
        }
    }

    /// The take-over comes between the check and the commit: it has to wait for the commit, so that the old decision is
    /// in the database before the new dispatcher looks.
    @Test func aTakeOverWaitsForTheCommitThatWasChecked() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let fence = try #require(try await store.claimLease(holder: "old", lasting: 60_000))
            try await store.releaseLease(holder: "old")
            try await withThrowingTaskGroup(of: Fence?.self) { group in
                try await database.pool.transaction { connection in
                    try await connection.query("SELECT check_fence($1)", [.int8(fence.epoch)])
                    group.addTask { try await store.claimLease(holder: "new", lasting: 60_000) }
                    try await eventually(within: .seconds(5)) {
                        try await !database.pool.query("SELECT 1 FROM pg_locks WHERE NOT granted").isEmpty
                    }
                }
                #expect(try await group.next() == Fence(epoch: fence.epoch + 1))
            }
        }
    }
}
