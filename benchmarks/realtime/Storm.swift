import Glibc

/// Phones that come back as the published app does: after 1, 2, 4, … 30 s, counted anew from each successful open.
final class Storm {
    private let options: Options
    private let phones: Phones
    private var retryAt: [UInt64]
    private var failures: [Int]
    private var isWelcome: [Bool]
    private var diedAt: UInt64 = 0
    private var lastReturn: UInt64 = 0
    private var lastPush: UInt64 = 0
    private var returned = 0
    private var pushes = 0
    private var closes: [Int: Int] = [:]

    init(_ options: Options, _ accounts: [Phones.Account]) {
        self.options = options
        phones = Phones(accounts: accounts, address: options.address)
        retryAt = Array(repeating: 0, count: accounts.count)
        failures = Array(repeating: 0, count: accounts.count)
        isWelcome = Array(repeating: false, count: accounts.count)
        phones.onEvent = { [unowned self] index, event, bytes in happened(index, event, bytes) }
    }

    private func happened(_ index: Int, _ event: Phones.Event, _ bytes: UnsafeRawBufferPointer) {
        let now = Machine.now()
        switch event {
        case .opened: failures[index] = 0
        case .pong: break
        case .text:
            guard diedAt > 0 else { return }
            if bytes.contains("connection_ack") {
                if !isWelcome[index] { returned += 1 }
                isWelcome[index] = true
                lastReturn = now
            } else if isWelcome[index], bytes.contains("\"order_assigned") {
                pushes += 1
                lastPush = now
            }
        case .closed(let code):
            closes[code, default: 0] += 1
            if diedAt == 0 { diedAt = now }
            retry(index, now)
        case .refused: retry(index, now)
        }
    }

    private func retry(_ index: Int, _ now: UInt64) {
        let seconds = min(1 << min(failures[index], 5), 30)
        failures[index] += 1
        retryAt[index] = now + UInt64(seconds) * 1_000_000_000
    }

    /// Connects, prints "ready", waits for the server's death and for everybody's return.
    func run() -> String {
        phones.connectAll(perSecond: options.connectRate)
        let opened = phones.openCount
        let calm = Machine.now() + 2_000_000_000
        while Machine.now() < calm { phones.poll(milliseconds: 5) }
        print("ready \(opened)")
        fflush(nil)
        let patience = Machine.now() + UInt64(options.limit * 2e9)
        while diedAt == 0, Machine.now() < patience { phones.poll(milliseconds: 5) }
        let end = diedAt + UInt64(options.limit * 1e9)
        while Machine.now() < end, returned < opened || pushes < options.expectPushes {
            let now = Machine.now()
            for index in retryAt.indices where retryAt[index] > 0 && retryAt[index] <= now {
                retryAt[index] = 0
                phones.connect(index)
            }
            phones.poll(milliseconds: 5)
        }
        var line = Line()
        line.add("sockets", opened)
        line.add("returned", returned)
        line.add("pushes", pushes)
        line.add("all_back_s", lastReturn > diedAt ? Double(lastReturn - diedAt) / 1e9 : -1)
        line.add("last_push_s", lastPush > diedAt ? Double(lastPush - diedAt) / 1e9 : -1)
        line.add("closes", counts: closes)
        return line.text
    }
}

/// Two phones of one driver, again and again: the first reads and answers nothing, as a phone in a tunnel does.
final class Takeover {
    private let options: Options
    private let accounts: [Phones.Account]

    init(_ options: Options, _ accounts: [Phones.Account]) {
        self.options = options
        self.accounts = accounts
    }

    func run() -> String {
        var times = Samples()
        var never = 0
        for account in accounts {
            let phones = Phones(accounts: [account, account], address: options.address)
            phones.firstMute = 1
            var answered: UInt64 = 0
            phones.onEvent = { index, event, _ in
                switch event {
                case .opened: phones.sendGroup(index, positions: 0, ping: true)
                case .pong where index == 0: answered = Machine.now()
                default: break
                }
            }
            phones.connect(1)
            let open = Machine.now() + 2_000_000_000
            while phones.phones[1].state != .open, Machine.now() < open { phones.poll(milliseconds: 1) }
            let calm = Machine.now() + 20_000_000
            while Machine.now() < calm { phones.poll(milliseconds: 1) }
            let start = Machine.now()
            let end = start + UInt64(options.limit * 1e9)
            phones.connect(0)
            while answered == 0, Machine.now() < end { phones.poll(milliseconds: 1) }
            if answered > 0 { times.record(nanoseconds: answered - start) } else { never += 1 }
            phones.drop(0)
            phones.drop(1)
        }
        var line = Line()
        line.add("first_pong_ms", json: times.json())
        line.add("never", never)
        return line.text
    }
}
