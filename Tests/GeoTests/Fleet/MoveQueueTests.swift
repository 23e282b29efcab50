import Geo
import Testing

@Suite struct MoveQueueTests {
    private func moves(_ count: Int, from first: Int64 = 0) throws -> [PointMove] {
        let place = try place(1, 1)
        return (0..<Int64(count)).map { PointMove(id: first + $0, place: place, flags: [], time: 0) }
    }

    @Test func whoComesWhileNobodyWorksWorksAlone() throws {
        var queue = MoveQueue()
        try expectEqual(queue.enter(moves(1)), .alone)
        expectEqual(queue.next(after: 1), nil)
        try expectEqual(queue.enter(moves(1)), .alone)
    }

    @Test func whatCameMeanwhileIsCarriedOutInOrderByTheWorker() throws {
        var queue = MoveQueue()
        try expectEqual(queue.enter(moves(1)), .alone)
        for id in 1...3 { try expectEqual(queue.enter(moves(1, from: Int64(id))), .left) }
        for id in 1...3 { expectEqual(queue.next(after: id)?.map(\.id), [Int64(id)]) }
        expectEqual(queue.next(after: 4), nil)
        try expectEqual(queue.enter(moves(1)), .alone)
    }

    @Test func aWorkerWhoHasDoneHisShareIsRelievedByTheNextWhoComes() throws {
        var queue = MoveQueue()
        try expectEqual(queue.enter(moves(1)), .alone)
        try expectEqual(queue.enter(moves(1, from: 1)), .left)
        try expectEqual(queue.enter(moves(1, from: 2)), .left)
        expectEqual(queue.next(after: MoveQueue.fairShare)?.first?.id, 1)
        try expectEqual(queue.enter(moves(1, from: 3)), .tooMuch)
        expectEqual(queue.takeOver(), false)
        // Only one is needed.
        try expectEqual(queue.enter(moves(1, from: 4)), .left)
        expectEqual(queue.next(after: MoveQueue.fairShare + 1), nil)
        // Whoever comes now does not get ahead of him.
        try expectEqual(queue.enter(moves(1, from: 5)), .left)
        expectEqual(queue.takeOver(), true)
        for id in 2...5 { expectEqual(queue.next(after: 0)?.first?.id, Int64(id)) }
        expectEqual(queue.next(after: 4), nil)
    }

    @Test func aWorkerWhomNobodyRelievesGoesOn() throws {
        var queue = MoveQueue()
        try expectEqual(queue.enter(moves(1)), .alone)
        try expectEqual(queue.enter(moves(1)), .left)
        expectEqual(queue.next(after: MoveQueue.fairShare)?.count, 1)
        expectEqual(queue.next(after: MoveQueue.fairShare + 1), nil)
        try expectEqual(queue.enter(moves(1)), .alone)
    }

    @Test func moreThanMayWaitMakesTheNextOneWait() throws {
        var queue = MoveQueue()
        expectEqual(queue.enter([]), .alone)
        let many = try moves(MoveQueue.mostWaiting)
        expectEqual(queue.enter(many), .left)
        try expectEqual(queue.enter(moves(1)), .tooMuch)
        expectEqual(queue.next(after: 0)?.count, MoveQueue.mostWaiting)
        try expectEqual(queue.enter(moves(1)), .left)
    }

    @Test func whoWantsToChangeSomethingElseSeesEverythingBeforeDone() throws {
        var queue = MoveQueue()
        expectEqual(queue.enter([]), .alone)
        try expectEqual(queue.enter(moves(2)), .left)
        queue.announce()
        expectEqual(queue.next(after: MoveQueue.fairShare), nil)
        expectEqual(queue.takeOver(), true)
        expectEqual(queue.batchCount, 1)
        expectEqual(queue.pop()?.count, 2)
        expectEqual(queue.pop(), nil)
        expectEqual(queue.next(after: 0), nil)
    }
}
