import Glibc

/// What the command line says.
struct Options {
    var scenario = ""
    var tokens = ""
    var address = Phones.Address()
    var sockets = 100
    var seconds = 5.0
    var connectRate = 2000.0
    /// Positions in front of each ping of the closed loop.
    var batch = 0
    /// Positions a second of all phones together in `stream`.
    var rate = 10_000.0
    var positionEvery = 10.0
    var pingEvery = 3.0
    /// The share of the sockets that sends rubbish, in percent.
    var badPercent = 0.0
    /// Pushes that a storm waits for beside every phone's return.
    var expectPushes = 0
    /// Seconds that a storm may take.
    var limit = 60.0
    var serverPID: Int32 = 0
    /// File for the arrivals of pushes: monotonic nanoseconds, driver, text.
    var arrivals = ""

    static let usage = """
        realtime SCENARIO --tokens FILE [--host H] [--port P] [--path P] [--sockets N] [--seconds S] [--connect-rate R]
                 [--server-pid PID] [--batch B] [--rate R] [--position-every S] [--ping-every S] [--bad-percent X]
                 [--expect-pushes N] [--limit S] [--arrivals FILE]
        flood     closed loop: each phone sends B positions and a ping in one write, and again at the pong
        stream    each phone in turn sends B positions and a ping in one write, R positions a second in all; a phone waits
                  for its pong, so that a server that reads more slowly is sent less; ends when every pong is there
        steady    open loop: positions and pings at their intervals
        idle      connect, stay for the given seconds
        mute      connect, ping, never read
        takeover  a second phone of each driver while the first reads and says nothing
        storm     stay until the server dies, come back as the app does, wait for every phone and push
        Tokens: lines of driver_id<TAB>token. The last line of output is one JSON object.
        """

    init?(_ arguments: [String]) {
        guard let first = arguments.first else { return nil }
        scenario = first
        var index = 1
        while index + 1 < arguments.count {
            let (name, value) = (arguments[index], arguments[index + 1])
            index += 2
            switch name {
            case "--tokens": tokens = value
            case "--host": address.host = value
            case "--port": address.port = Int(value) ?? 0
            case "--path": address.path = value
            case "--sockets": sockets = Int(value) ?? 0
            case "--seconds": seconds = Double(value) ?? 0
            case "--connect-rate": connectRate = Double(value) ?? 0
            case "--batch": batch = Int(value) ?? 0
            case "--rate": rate = Double(value) ?? 0
            case "--position-every": positionEvery = Double(value) ?? 0
            case "--ping-every": pingEvery = Double(value) ?? 0
            case "--bad-percent": badPercent = Double(value) ?? 0
            case "--expect-pushes": expectPushes = Int(value) ?? 0
            case "--limit": limit = Double(value) ?? 0
            case "--server-pid": serverPID = Int32(value) ?? 0
            case "--arrivals": arrivals = value
            default: return nil
            }
        }
        guard index == arguments.count, sockets > 0, connectRate > 0, rate > 0, (0...400).contains(batch) else {
            return nil
        }
    }

    /// The accounts of the file, as many as there are sockets.
    func accounts() -> [Phones.Account]? {
        guard let file = fopen(tokens, "r") else { return nil }
        defer { fclose(file) }
        var found: [Phones.Account] = []
        var line = [CChar](repeating: 0, count: 8192)
        while found.count < sockets, fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let parts = text.split(whereSeparator: { $0 == "\t" || $0 == "\n" })
            if parts.count == 2 { found.append(.init(id: String(parts[0]), token: String(parts[1]))) }
        }
        return found.count == sockets ? found : nil
    }
}
