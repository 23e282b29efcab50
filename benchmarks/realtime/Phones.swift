import Glibc

/// One phone's socket.
struct Phone {
    enum State {
        case idle
        case connecting
        case upgrading
        case open
        case ended
    }

    var fd: Int32 = -1
    var state = State.idle
    /// Bytes of a frame that has not arrived whole.
    var rest: [UInt8] = []
    /// Bytes that the kernel did not take yet.
    var waiting: [UInt8] = []
    var connectedAt: UInt64 = 0
    var pingedAt: UInt64 = 0
    var positionsBeforePing = 0
    /// The phone's own clock and place: each position is a millisecond and a metre further.
    var step = 0
    var clock = 0
}

/// Many phones on one thread. Frames go out when told; what comes in is told to the scenario.
final class Phones {
    struct Address {
        var host = "127.0.0.1"
        var port = 8000
        var path = "/api/v1/ws/driver/{id}?token={token}"
    }

    struct Account {
        var id: String
        var token: String
    }

    enum Event {
        case opened
        case pong(nanoseconds: UInt64)
        case text
        case closed(code: Int)
        case refused(status: Int)
    }

    let accounts: [Account]
    let address: Address
    var phones: [Phone]
    /// Told of everything that happens; the bytes are those of a text message and valid during the call only.
    var onEvent: (Int, Event, UnsafeRawBufferPointer) -> Void = { _, _, _ in }
    /// Phones from this one on do not read what they are sent.
    var firstMute = Int.max
    private(set) var openCount = 0

    private let poller = Poller()
    private let scratch = UnsafeMutableRawPointer.allocate(byteCount: 1 << 18, alignment: 16)
    private static var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }
    private var position = PositionFrame()

    init(accounts: [Account], address: Address) {
        self.accounts = accounts
        self.address = address
        phones = Array(repeating: Phone(), count: accounts.count)
    }

    // MARK: - Connecting

    /// Begins to connect; what comes of it is told as an event.
    func connect(_ index: Int) {
        phones[index].state = .connecting
        phones[index].rest = []
        phones[index].waiting = []
        phones[index].pingedAt = 0
        phones[index].connectedAt = Machine.now()
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        phones[index].fd = fd
        var one: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        if index >= firstMute {
            var small: Int32 = 4096
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, 4)
        }
        if index >= 20_000 { bindElsewhere(fd, UInt32(index / 20_000)) }
        var target = Self.socketAddress(address.port, host: address.host)
        let result = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result < 0, errno != EINPROGRESS { return end(index, .refused(status: 0)) }
        poller.add(fd, index: index, writing: true)
    }

    /// A machine has 28,000 ports for one pair of addresses.
    private func bindElsewhere(_ fd: Int32, _ offset: UInt32) {
        var late: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_IP), 24, &late, 4)
        var source = Self.socketAddress(0, host: "127.0.0.\(1 + offset)")
        _ = withUnsafePointer(to: &source) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func socketAddress(_ port: Int, host: String) -> sockaddr_in {
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, host, &target.sin_addr)
        return target
    }

    /// Opens all phones at so many a second and waits for the last, at most 20 s longer than that takes.
    func connectAll(perSecond: Double) {
        let start = Machine.now()
        var begun = 0
        func elapsed() -> Double { Double(Machine.now() - start) / 1e9 }
        while elapsed() < Double(accounts.count) / perSecond + 20 {
            while begun < accounts.count, Double(begun) <= elapsed() * perSecond {
                connect(begun)
                begun += 1
            }
            poll(milliseconds: 1)
            let isBusy = phones.contains { $0.state == .connecting || $0.state == .upgrading }
            if begun == accounts.count, !isBusy { return }
        }
    }

    private func upgrade(_ index: Int) {
        let account = accounts[index]
        let path = address.path.replacing("{id}", with: account.id).replacing("{token}", with: account.token)
        let request =
            "GET \(path) HTTP/1.1\r\nHost: \(address.host):\(address.port)\r\nUpgrade: websocket\r\n"
            + "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        phones[index].state = .upgrading
        send(index, Array(request.utf8))
    }

    // MARK: - Sending

    /// Sends whole frames.
    func send(_ index: Int, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { send(index, $0) }
    }

    private func send(_ index: Int, _ bytes: UnsafeRawBufferPointer) {
        guard phones[index].fd >= 0 else { return }
        var sent = 0
        if phones[index].waiting.isEmpty {
            let result = Glibc.send(phones[index].fd, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if result < 0, errno != EAGAIN { return end(index, .closed(code: 1006)) }
            sent = max(result, 0)
            if sent == bytes.count { return rearm(index, was: true) }
        }
        phones[index].waiting.append(contentsOf: bytes[sent...])
        poller.change(phones[index].fd, index: index, writing: true, reading: reads(index))
    }

    private func rearm(_ index: Int, was: Bool) {
        guard phones[index].state == .upgrading, was else { return }
        poller.change(phones[index].fd, index: index, writing: false)
    }

    private func reads(_ index: Int) -> Bool { index < firstMute || phones[index].state != .open }

    /// Sends positions and, if wanted, a ping behind them, in one write.
    func sendGroup(_ index: Int, positions: Int, ping: Bool) {
        var count = 0
        for _ in 0..<positions {
            let step = phones[index].step
            phones[index].step += 1
            phones[index].clock += 1
            let metre = step % 200 < 100 ? step % 100 : 100 - step % 100
            position.set(
                latitude: 900_000 + index % 1000 * 90 + metre * 9, longitude: 500_000 + index / 1000 * 900,
                milliseconds: phones[index].clock)
            count += put(position.bytes, at: count)
        }
        phones[index].positionsBeforePing += positions
        if ping {
            count += put(Messages.ping, at: count)
            phones[index].pingedAt = Machine.now()
        }
        send(index, UnsafeRawBufferPointer(start: scratch, count: count))
    }

    /// Copies into the scratch space; returns how many bytes.
    private func put(_ bytes: [UInt8], at offset: Int) -> Int {
        UnsafeMutableRawBufferPointer(start: scratch + offset, count: bytes.count).copyBytes(from: bytes)
        return bytes.count
    }

    /// Closes without a word.
    func drop(_ index: Int) {
        guard phones[index].fd >= 0 else { return }
        end(index, nil)
    }

    // MARK: - Receiving

    func poll(milliseconds: Int32) {
        poller.wait(milliseconds: milliseconds) { ready in
            let index = ready.index
            switch phones[index].state {
            case .idle, .ended: return
            case .connecting:
                var error: Int32 = 0
                var size = socklen_t(4)
                getsockopt(phones[index].fd, SOL_SOCKET, SO_ERROR, &error, &size)
                if error != 0 { return end(index, .refused(status: 0)) }
                if ready.canWrite { upgrade(index) }
            case .upgrading, .open:
                if ready.canWrite { flush(index) }
                if phones[index].fd >= 0, ready.canRead { read(index) }
                if phones[index].fd >= 0, ready.hasEnded, !reads(index) { end(index, .closed(code: 1006)) }
            }
        }
    }

    private func flush(_ index: Int) {
        let waiting = phones[index].waiting
        phones[index].waiting = []
        if waiting.isEmpty {
            poller.change(phones[index].fd, index: index, writing: false, reading: reads(index))
        } else {
            send(index, waiting)
            guard phones[index].fd >= 0, phones[index].waiting.isEmpty else { return }
            poller.change(phones[index].fd, index: index, writing: false, reading: reads(index))
        }
    }

    private func read(_ index: Int) {
        let kept = phones[index].rest.count
        if kept > 0 {
            _ = put(phones[index].rest, at: 0)
            phones[index].rest = []
        }
        let count = recv(phones[index].fd, scratch.advanced(by: kept), (1 << 17) - kept, 0)
        if count == 0 || count < 0 && errno != EAGAIN {
            return end(index, phones[index].state == .open ? .closed(code: 1006) : .refused(status: 0))
        }
        let total = kept + max(count, 0)
        // The scenario may send while it is told, which uses the scratch space: what was read moves away first.
        withUnsafeTemporaryAllocation(byteCount: max(total, 1), alignment: 16) { copy in
            copy.copyMemory(from: UnsafeRawBufferPointer(start: scratch, count: total))
            let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(copy)[0..<total])
            let used = parse(index, bytes)
            guard phones[index].fd >= 0, used < total else { return }
            phones[index].rest = Array(bytes[used...])
        }
    }

    /// Takes whole frames; returns how many bytes they had.
    private func parse(_ index: Int, _ bytes: UnsafeRawBufferPointer) -> Int {
        var used = 0
        if phones[index].state == .upgrading {
            guard let length = headLength(bytes) else { return 0 }
            let status = String(decoding: bytes[9..<12], as: UTF8.self)
            guard status == "101" else {
                end(index, .refused(status: Int(status) ?? 0))
                return bytes.count
            }
            used = length
            phones[index].state = .open
            phones[index].clock = Machine.wallMilliseconds()
            openCount += 1
            if !reads(index) { poller.change(phones[index].fd, index: index, writing: false, reading: false) }
            onEvent(index, .opened, Self.nothing)
        }
        while bytes.count - used >= 2, phones[index].state == .open {
            var length = Int(bytes[used + 1] & 0x7F)
            var header = 2
            if length == 126 {
                guard bytes.count - used >= 4 else { break }
                length = Int(bytes[used + 2]) << 8 | Int(bytes[used + 3])
                header = 4
            }
            guard bytes.count - used >= header + length else { break }
            let start = used + header
            used = start + length
            receive(index, bytes[start - header] & 0x0F, UnsafeRawBufferPointer(rebasing: bytes[start..<used]))
        }
        return used
    }

    private func headLength(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= 16 else { return nil }
        for end in 3..<bytes.count
        where bytes[end] == 10 && bytes[end - 1] == 13 && bytes[end - 2] == 10 && bytes[end - 3] == 13 {
            return end + 1
        }
        return nil
    }

    private func receive(_ index: Int, _ opcode: UInt8, _ payload: UnsafeRawBufferPointer) {
        switch opcode {
        case 1 where payload.count < 24 && isPong(payload):
            let since = phones[index].pingedAt
            phones[index].pingedAt = 0
            onEvent(index, .pong(nanoseconds: since == 0 ? 0 : Machine.now() - since), payload)
        case 1: onEvent(index, .text, payload)
        case 8:
            end(index, .closed(code: payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : 1005))
        case 9: send(index, Messages.frame(10, Array(payload)))
        default: break
        }
    }

    private func isPong(_ payload: UnsafeRawBufferPointer) -> Bool {
        guard payload.count >= 4 else { return false }
        for start in 0...(payload.count - 4)
        where payload[start] == UInt8(ascii: "p") && payload[start + 1] == UInt8(ascii: "o")
            && payload[start + 2] == UInt8(ascii: "n") && payload[start + 3] == UInt8(ascii: "g")
        {
            return true
        }
        return false
    }

    private func end(_ index: Int, _ event: Event?) {
        if phones[index].state == .open { openCount -= 1 }
        close(phones[index].fd)
        phones[index].fd = -1
        phones[index].state = .ended
        phones[index].waiting = []
        if let event { onEvent(index, event, Self.nothing) }
    }
}
