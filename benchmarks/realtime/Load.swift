import Glibc

/// The scenarios with a fixed set of phones: closed loop, open loop, idle, mute.
final class Load {
    private let options: Options
    private let phones: Phones
    private var isCounting = false
    private var isFlooding = false
    private var pongs = Samples()
    private var positions = 0
    private var positionsRead = 0
    private var pushes = 0
    private var texts = 0
    private var refused = 0
    private var closes: [Int: Int] = [:]
    private var badCloses: [Int: Int] = [:]
    private var badSent = 0
    private var nextBad = 0
    private var reconnects: [Int] = []
    private var arrivals: UnsafeMutablePointer<FILE>?
    private let firstBad: Int

    init(_ options: Options, _ accounts: [Phones.Account]) {
        self.options = options
        phones = Phones(accounts: accounts, address: options.address)
        firstBad = accounts.count - Int(Double(accounts.count) * options.badPercent / 100)
        if options.scenario == "mute" { phones.firstMute = 0 }
        if !options.arrivals.isEmpty { arrivals = fopen(options.arrivals, "w") }
        phones.onEvent = { [unowned self] index, event, bytes in happened(index, event, bytes) }
    }

    private func happened(_ index: Int, _ event: Phones.Event, _ bytes: UnsafeRawBufferPointer) {
        switch event {
        case .opened: if isFlooding, index < firstBad { phones.sendGroup(index, positions: options.batch, ping: true) }
        case .pong(let nanoseconds):
            guard index < firstBad else { return }
            if isCounting {
                if nanoseconds > 0 { pongs.record(nanoseconds: nanoseconds) }
                positionsRead += phones.phones[index].positionsBeforePing
            }
            phones.phones[index].positionsBeforePing = 0
            if isFlooding { group(index) }
        case .text:
            texts += 1
            guard bytes.contains("\"order_") else { return }
            pushes += 1
            if let arrivals {
                let text = String(decoding: bytes, as: UTF8.self)
                fputs("\(Machine.now())\t\(phones.accounts[index].id)\t\(text)\n", arrivals)
            }
        case .closed(let code):
            if index < firstBad {
                closes[code, default: 0] += 1
            } else {
                badCloses[code, default: 0] += 1
            }
            if index >= firstBad || options.scenario == "mute" { reconnects.append(index) }
        case .refused:
            refused += 1
            if index >= firstBad { reconnects.append(index) }
        }
    }

    private func group(_ index: Int) {
        if isCounting { positions += options.batch }
        phones.sendGroup(index, positions: options.batch, ping: true)
    }

    /// Runs the scenario; returns the line of figures.
    func run() -> String {
        let before = Machine.residentKiB(of: options.serverPID)
        let started = Machine.now()
        phones.connectAll(perSecond: options.connectRate)
        let connectSeconds = Double(Machine.now() - started) / 1e9
        let opened = phones.openCount
        // Joins, first sweeps and the growth of tables belong to connecting.
        let settled = Machine.now() + 1_000_000_000
        while Machine.now() < settled { phones.poll(milliseconds: 5) }
        let serverBefore = Machine.seconds(of: options.serverPID)
        let ownBefore = Machine.ownSeconds()
        let start = Machine.now()
        isCounting = true
        var memory: [Int] = []
        switch options.scenario {
        case "flood": flood()
        case "stream": stream()
        case "idle": wait(&memory)
        case "mute": mute(&memory)
        default: steady()
        }
        let elapsed = Double(Machine.now() - start) / 1e9
        isCounting = false
        isFlooding = false
        let serverSeconds = Machine.seconds(of: options.serverPID) - serverBefore
        let ownSeconds = Machine.ownSeconds() - ownBefore
        let after = Machine.residentKiB(of: options.serverPID)
        let read = options.scenario == "steady" ? positions : positionsRead
        var line = Line()
        line.add("sockets", opened)
        line.add("refused", refused)
        line.add("connect_s", connectSeconds)
        line.add("seconds", elapsed)
        line.add("pongs_per_s", Double(pongs.count) / elapsed)
        line.add("positions", read)
        line.add("positions_per_s", Double(read) / elapsed)
        line.add("pong_ms", json: pongs.json())
        line.add("pushes", pushes)
        line.add("texts", texts)
        line.add("closes", counts: closes)
        line.add("bad_sent", badSent)
        line.add("bad_closes", counts: badCloses)
        line.add("server_cores", serverSeconds / elapsed)
        line.add("client_cores", ownSeconds / elapsed)
        if serverSeconds > 0 {
            line.add("pongs_per_core_s", Double(pongs.count) / serverSeconds)
            line.add("positions_per_core_s", Double(read) / serverSeconds)
        }
        line.add("server_kib_before", before)
        line.add("server_kib", after)
        line.add("server_kib_per_socket", Double(after - before) / Double(max(opened, 1)))
        if !memory.isEmpty { line.add("server_kib_each_second", json: "\(memory)") }
        if let arrivals { fclose(arrivals) }
        return line.text
    }

    private var end: UInt64 { Machine.now() + UInt64(options.seconds * 1e9) }

    private func flood() {
        let end = end
        isFlooding = true
        for index in 0..<phones.phones.count where phones.phones[index].state == .open { group(index) }
        // Never asleep: on one machine a server pays for waking its client, which no server of remote phones does.
        while Machine.now() < end { phones.poll(milliseconds: 0) }
    }

    private func stream() {
        let (start, end) = (Machine.now(), end)
        let batch = max(options.batch, 1)
        var groups = 0
        while Machine.now() < end {
            let due = Int(Double(Machine.now() - start) / 1e9 * options.rate) / batch
            while groups < due {
                let index = groups % phones.phones.count
                guard phones.phones[index].state == .open, phones.phones[index].pingedAt == 0 else { break }
                positions += batch
                phones.sendGroup(index, positions: batch, ping: true)
                groups += 1
            }
            phones.poll(milliseconds: 1)
        }
        let limit = Machine.now() + 10_000_000_000
        while positionsRead < positions, Machine.now() < limit { phones.poll(milliseconds: 1) }
    }

    private func wait(_ memory: inout [Int]) {
        let end = end
        while Machine.now() < end {
            phones.poll(milliseconds: 50)
        }
        memory.append(Machine.residentKiB(of: options.serverPID))
    }

    /// Evenly spread over the interval: the n-th action of all is due at its place in time, however late the last was.
    private func steady() {
        let count = phones.phones.count
        let start = Machine.now()
        let end = end
        var sentPositions = 0
        var sentPings = 0
        while true {
            let now = Machine.now()
            guard now < end else { return }
            let seconds = Double(now - start) / 1e9
            if options.positionEvery > 0 {
                let due = Int(seconds * Double(count) / options.positionEvery)
                while sentPositions < due {
                    act(sentPositions % count, ping: false)
                    sentPositions += 1
                }
            }
            if options.pingEvery > 0 {
                let due = Int(seconds * Double(count) / options.pingEvery)
                while sentPings < due {
                    act(sentPings % count, ping: true)
                    sentPings += 1
                }
            }
            let again = reconnects
            reconnects = []
            for index in again where options.badPercent > 0 { phones.connect(index) }
            phones.poll(milliseconds: 1)
        }
    }

    private func act(_ index: Int, ping: Bool) {
        guard phones.phones[index].state == .open else { return }
        if index >= firstBad {
            phones.send(index, Messages.bad[nextBad % Messages.bad.count])
            nextBad += 1
            badSent += 1
        } else if ping {
            if phones.phones[index].pingedAt == 0 { phones.sendGroup(index, positions: 0, ping: true) }
        } else {
            phones.phones[index].clock = Machine.wallMilliseconds()
            phones.sendGroup(index, positions: 1, ping: false)
            positions += 1
        }
    }

    /// Pings as fast as the server's own limit allows, and never reads.
    private func mute(_ memory: inout [Int]) {
        let start = Machine.now()
        let count = phones.phones.count
        var sent = 0
        while true {
            let seconds = Double(Machine.now() - start) / 1e9
            guard seconds < options.seconds else { return }
            if Int(seconds) >= memory.count { memory.append(Machine.residentKiB(of: options.serverPID)) }
            let due = Int(seconds * Double(count) / max(options.pingEvery, 0.01))
            while sent < due {
                let index = sent % count
                if phones.phones[index].state == .open, phones.phones[index].waiting.count < 4096 {
                    phones.send(index, Messages.ping)
                }
                sent += 1
            }
            let again = reconnects
            reconnects = []
            for index in again { phones.connect(index) }
            phones.poll(milliseconds: 1)
        }
    }
}
