import Postgres
import TestSupport
import Testing

@Suite("The pool's decisions")
struct PoolMachineTests {
    private func time(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }

    private func machine(slots: Int = 2, waiterLimit: Int = 3) -> PoolMachine {
        PoolMachine(
            slots: slots, waiterLimit: waiterLimit,
            backoff: .init(first: .milliseconds(100), longest: .milliseconds(400)))
    }

    @Test func theFirstCallerOpensAConnectionAndGetsIt() {
        var machine = machine()
        let (answer, actions) = machine.requested(1, deadline: time(1000), now: time(0))
        #expect(answer == .wait && actions == [.connect(slot: 0)])
        let outcome1 = machine.connected(slot: 0)
        #expect(outcome1 == [.grant(waiter: 1, slot: 0)])
        let outcome2 = machine.returned(slot: 0, isConnected: true, now: time(5))
        #expect(outcome2 == [])
        let outcome3 = machine.requested(2, deadline: time(1000), now: time(6)).0
        #expect(outcome3 == .lease(slot: 0))
    }

    @Test func waitersAreServedInTheOrderTheyCame() {
        var machine = machine(slots: 1)
        for id in 1...3 { _ = machine.requested(UInt64(id), deadline: time(1000), now: time(0)) }
        let outcome4 = machine.connected(slot: 0)
        #expect(outcome4 == [.grant(waiter: 1, slot: 0)])
        let outcome5 = machine.returned(slot: 0, isConnected: true, now: time(1))
        #expect(outcome5 == [.grant(waiter: 2, slot: 0)])
        let outcome6 = machine.withdrew(3)
        #expect(outcome6)
        let outcome7 = machine.withdrew(2)
        #expect(!outcome7)
        let outcome8 = machine.returned(slot: 0, isConnected: true, now: time(2))
        #expect(outcome8 == [])
    }

    @Test(arguments: [(2, true), (3, true), (4, false)])
    func callersBeyondTheLimitAreRefused(count: Int, isAccepted: Bool) {
        var machine = machine(slots: 1)
        var last = PoolMachine.Answer.wait
        for id in 1...count { last = machine.requested(UInt64(id), deadline: time(1000), now: time(0)).0 }
        #expect((last == .wait) == isAccepted)
    }

    @Test(arguments: [(999, 0), (1000, 1), (1001, 1)] as [(Int64, Int)])
    func aWaiterIsRefusedAtItsDeadlineAndNotBefore(now: Int64, refused: Int) {
        var machine = machine()
        _ = machine.requested(1, deadline: time(1000), now: time(0))
        #expect(machine.nextTick == time(1000))
        let outcome9 = machine.ticked(now: time(now)).count
        #expect(outcome9 == refused)
        #expect(machine.waitingCount == 1 - refused)
    }

    @Test func aFailedConnectionRestsLongerEachTimeUpToALimit() {
        var machine = machine(slots: 1)
        _ = machine.requested(1, deadline: time(100_000), now: time(0))
        var now: Int64 = 0
        var rests: [Int64] = []
        for _ in 0..<5 {
            let outcome10 = machine.failedToConnect(slot: 0, reason: "no", isFinal: false, jitter: 0, now: time(now))
            #expect(outcome10 == [])
            let next = machine.nextTick.nanoseconds / 1_000_000
            rests.append(next - now)
            let outcome11 = machine.ticked(now: time(next - 1))
            #expect(outcome11 == [])
            let outcome12 = machine.ticked(now: time(next))
            #expect(outcome12 == [.connect(slot: 0)])
            now = next
        }
        #expect(rests == [50, 100, 200, 200, 200])
    }

    @Test func aFailureThatWaitingCannotMendIsToldToAllAtOnce() {
        var machine = machine(slots: 1)
        _ = machine.requested(1, deadline: time(1000), now: time(0))
        _ = machine.requested(2, deadline: time(1000), now: time(0))
        let told = machine.failedToConnect(slot: 0, reason: "wrong password", isFinal: true, jitter: 0, now: time(1))
        #expect(
            told == [.refuse(waiter: 1, .misuse, "wrong password"), .refuse(waiter: 2, .misuse, "wrong password")])
        #expect(machine.waitingCount == 0)
    }

    @Test func aLostConnectionIsReopenedForWhoWaits() {
        var machine = machine(slots: 1)
        _ = machine.requested(1, deadline: time(1000), now: time(0))
        _ = machine.connected(slot: 0)
        _ = machine.requested(2, deadline: time(1000), now: time(1))
        let outcome13 = machine.returned(slot: 0, isConnected: false, now: time(2))
        #expect(outcome13 == [.connect(slot: 0)])
        let outcome14 = machine.connected(slot: 0)
        #expect(outcome14 == [.grant(waiter: 2, slot: 0)])
    }

    @Test func closingRefusesWaitersAndWaitsForLeases() {
        var machine = machine(slots: 1)
        _ = machine.requested(1, deadline: time(1000), now: time(0))
        _ = machine.connected(slot: 0)
        _ = machine.requested(2, deadline: time(1000), now: time(0))
        let outcome15 = machine.close()
        #expect(outcome15 == [.refuse(waiter: 2, .closed, "the connection pool is closed")])
        let outcome16 = machine.returned(slot: 0, isConnected: true, now: time(1))
        #expect(outcome16 == [.drained])
        let late = machine.requested(3, deadline: time(1000), now: time(1)).0
        #expect(late == .refuse(.closed, "the connection pool is closed"))
    }

    /// Random events against the machine: no slot is ever lent twice, and no waiter is answered twice.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func noConnectionIsLentTwice(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var machine = machine(slots: 3, waiterLimit: 10)
        var lent: Set<Int> = []
        var connecting: Set<Int> = []
        var waiting: Set<UInt64> = []
        var id: UInt64 = 0
        func apply(_ actions: [PoolMachine.Action]) {
            for action in actions {
                switch action {
                case .grant(let waiter, let slot):
                    let isRight = waiting.remove(waiter) != nil && lent.insert(slot).inserted
                    #expect(isRight, "seed \(seed)")
                case .refuse(let waiter, _, _):
                    let isWaiting = waiting.remove(waiter) != nil
                    #expect(isWaiting, "seed \(seed)")
                case .connect(let slot):
                    let isNew = connecting.insert(slot).inserted && !lent.contains(slot)
                    #expect(isNew, "seed \(seed)")
                case .drained: Issue.record("nobody closed the pool")
                }
            }
        }
        for step in 0..<2000 {
            let now = time(Int64(step))
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                id += 1
                let (answer, actions) = machine.requested(id, deadline: time(Int64(step + 40)), now: now)
                switch answer {
                case .lease(let slot):
                    let isFree = lent.insert(slot).inserted
                    #expect(isFree, "seed \(seed)")
                case .wait: waiting.insert(id)
                case .refuse: break
                }
                apply(actions)
            case 2:
                guard let slot = lent.sorted().randomElement(using: &random) else { continue }
                lent.remove(slot)
                apply(machine.returned(slot: slot, isConnected: Bool.random(using: &random), now: now))
            case 3:
                guard let slot = connecting.sorted().randomElement(using: &random) else { continue }
                connecting.remove(slot)
                if Bool.random(using: &random) {
                    apply(machine.connected(slot: slot))
                } else {
                    apply(machine.failedToConnect(slot: slot, reason: "x", isFinal: false, jitter: 0.5, now: now))
                }
            case 4: apply(machine.ticked(now: now))
            default:
                guard let waiter = waiting.sorted().randomElement(using: &random) else { continue }
                let isWithdrawn = machine.withdrew(waiter)
                #expect(isWithdrawn, "seed \(seed)")
                waiting.remove(waiter)
            }
        }
        #expect(machine.leasedCount == lent.count, "seed \(seed)")
        #expect(machine.waitingCount == waiting.count, "seed \(seed)")
    }
}
