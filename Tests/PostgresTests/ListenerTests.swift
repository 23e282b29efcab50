import Postgres
import TestSupport
import Testing

@Suite("Notifications")
struct ListenerTests {
    @Test(.timeLimit(.minutes(1)))
    func notificationsArriveInOrderAndALostLinkIsSaid() async throws {
        try await TestDatabase.with { database in
            let listener = try NotificationListener(
                target: database.target, channels: ["wake"], generator: SeededGenerator(seed: 4))
            var events = listener.events.makeAsyncIterator()
            #expect(await events.next() == .connected)
            try await database.pool.query("SELECT pg_notify('wake', n::text) FROM generate_series(1, 3) n")
            for number in 1...3 {
                #expect(await events.next() == .notification(channel: "wake", payload: String(number)))
            }
            try await database.pool.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query IN ('LISTEN \"wake\"', 'SELECT 1')")
            #expect(await events.next() == .connected)
            listener.stop()
            while await events.next() != nil {}
        }
    }
}
