/// Batches of moves that came while somebody was at work on the indexes, and whose turn it is.
///
/// Whoever hands in moves while nobody is at work has the turn: he carries out his own, then what others have left
/// meanwhile. So nobody who only hands in waits for a worker whom the scheduler has stopped in the middle.
package struct MoveQueue {
    /// So many moves may wait, 40 bytes each: what two threads report while the scheduler lets a third one wait for its
    /// next slice. Whoever hands in more waits for his turn.
    package static let mostWaiting = 65_536
    /// After so many moves a worker lets the next one who comes take over: some 3 ms. With fewer,
    /// more than one call in a hundred would wait for a turn.
    package static let fairShare = 16_384

    private var batches: [[PointMove]] = []
    /// The place of the first that waits.
    private var first = 0
    private var waiting = 0
    private var isBusy = false
    /// The worker has done his share: who hands in next takes over.
    private var isOverdue = false
    /// Those who wait for the turn.
    private var relievers = 0

    package init() {}

    package enum Entry {
        /// The turn, and nothing waits: carry out your own and go on with `next`.
        case alone
        /// The turn; what was handed in waits behind others.
        case turn
        /// Somebody else will do it.
        case left
        /// As `left`, but there is too much: wait for the turn with `takeOver`.
        case tooMuch
    }

    var isEmpty: Bool { first == batches.count }

    package mutating func enter(_ moves: [PointMove]) -> Entry {
        // Whoever waits for the turn goes first, also when he is not running at this moment.
        guard isBusy || relievers > 0 else {
            isBusy = true
            if isEmpty { return .alone }
            append(moves)
            return .turn
        }
        append(moves)
        guard waiting > Self.mostWaiting || isOverdue else { return .left }
        isOverdue = false
        relievers += 1
        return .tooMuch
    }

    private mutating func append(_ moves: [PointMove]) {
        batches.append(moves)
        waiting += moves.count
    }

    /// From now on somebody waits for the turn.
    package mutating func announce() { relievers += 1 }

    /// Whether the turn is now with somebody who has announced himself.
    package mutating func takeOver() -> Bool {
        if isBusy { return false }
        isBusy = true
        isOverdue = false
        relievers -= 1
        return true
    }

    /// The next batch for a worker who has carried out so many moves; nil when his turn is over.
    package mutating func next(after carried: Int) -> [PointMove]? {
        if carried >= Self.fairShare {
            if relievers > 0 {
                isBusy = false
                return nil
            }
            isOverdue = true
        }
        guard let batch = pop() else {
            (isBusy, isOverdue) = (false, false)
            return nil
        }
        return batch
    }

    /// How many batches wait, for a worker who wants to see all of them done.
    package var batchCount: Int { batches.count - first }

    /// The batch that has waited longest, for whoever has the turn.
    package mutating func pop() -> [PointMove]? {
        guard !isEmpty else { return nil }
        var batch: [PointMove] = []
        swap(&batch, &batches[first])
        first += 1
        waiting -= batch.count
        if isEmpty || first == Self.mostGone {
            batches.removeFirst(first)
            first = 0
        }
        return batch
    }

    /// So many empty places at the head are cut off.
    private static let mostGone = 1024
}
