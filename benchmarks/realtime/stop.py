#!/usr/bin/env python3
"""SIGTERM with 2,000 phones, plain and over TLS, after 200 more left without a word (their process was killed) and 200 stand still and
answer nothing; then the start on the same database, with an open order for every tenth phone. SOCKETS may be set."""
import asyncio, multiprocessing, ssl, struct
from common import *

SOCKETS = int(os.environ.get("SOCKETS", "2000"))
ABSENT = SOCKETS // 10


def certificate():
    key, crt = os.path.join(DATA, "tls.key"), os.path.join(DATA, "tls.crt")
    os.makedirs(DATA, exist_ok=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", crt],
        check=True, stderr=subprocess.DEVNULL)
    return key, crt


class Crowd:
    """Phones in a process of their own, which tells by name what comes about."""

    def __init__(self, accounts, crt):
        self.mine, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=lambda: asyncio.run(self.live(accounts, crt, theirs)), daemon=True)
        self.process.start()
        self.news = {}
        self.opened, self.back = self.hear("open")

    def hear(self, name, seconds=60):
        while name not in self.news and self.mine.poll(seconds):
            self.news.update([self.mine.recv()])
        return self.news[name]

    async def live(self, accounts, crt, pipe):
        context = ssl.create_default_context(cafile=crt) if crt else None
        self.closes, self.told, self.ready, self.pipe = [], [], 0, pipe
        gate = asyncio.Semaphore(64)
        async def run(account):
            async with gate:
                phone = await self.connect(account, context)
            self.ready += 1
            if self.ready == len(accounts):
                pipe.send(("open", (self.ready, time.monotonic())))
            await self.read(*phone)
        await asyncio.gather(*(run(account) for account in accounts))
        pipe.send(("closes", self.closes))

    async def connect(self, account, context):
        driver, token = account
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT, ssl=context, server_hostname="localhost" if context else None)
        writer.write(f"GET /api/v1/ws/driver/{driver}?token={token} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head, head
        opcode, data = await self.frame(reader)
        assert b"connection_ack" in data, data
        return reader, writer

    async def frame(self, reader):
        first, length = await reader.readexactly(2)
        if length == 126:
            length, = struct.unpack(">H", await reader.readexactly(2))
        return first & 15, await reader.readexactly(length)

    async def read(self, reader, writer):
        code = 1006
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                opcode, data = await self.frame(reader)
                if opcode == 8:
                    code = struct.unpack(">H", data[:2])[0]
                    writer.write(bytes([0x88, 0x82, 0, 0, 0, 0]) + data[:2])
                    break
                if opcode == 9:
                    writer.write(bytes([0x8A, 0x80 | len(data), 0, 0, 0, 0]) + data)
                if opcode == 1 and b"order_assigned" in data:
                    self.told.append(time.monotonic())
                    if len(self.told) * 10 >= SOCKETS:
                        self.pipe.send(("told", self.told[-1]))
        self.closes.append((time.monotonic(), code))
        writer.close()

    def end(self):
        self.process.kill()
        self.process.join()


def measure(kind, *flags, crt=None):
    server = Tiffin(SOCKETS + 2 * ABSENT, *flags, name="stop")
    with server:
        lines = [line.split() for line in open(server.tokens())]
        gone = Crowd(lines[SOCKETS:SOCKETS + ABSENT], crt)
        still = Crowd(lines[SOCKETS + ABSENT:], crt)
        crowd = Crowd(lines[:SOCKETS], crt)
        say(f"  {kind}: {crowd.opened:,} phones, {still.opened} stand still, {gone.opened} leave without a word")
        os.kill(still.process.pid, signal.SIGSTOP)
        gone.end()
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(60)
        took = time.monotonic() - begin
        closes = crowd.hear("closes")
        still.end()
        crowd.end()
        times = sorted(at - begin for at, code in closes if code == 1012)
        most = max(sum(1 for at in times if start <= at * 10 < start + 1) for start in range(int(took * 10) + 1))
        judge(f"SIGTERM with {SOCKETS:,} phones, {kind}: exit code {code}", f"{took:.1f} s; {len(times):,} closes with 1012 from "
              f"{times[0]:.2f} to {times[-1]:.2f} s, at most {most} in a tenth of a second", "all told, < 12 s",
              code == 0 and len(times) == SOCKETS and took < 12)


def start():
    server = Tiffin(SOCKETS + 2 * ABSENT, name="stop")
    with server:
        lines = [line.split() for line in open(server.tokens())]
        admin = server.admin()
        orders = [admin.order() for _ in range(SOCKETS // 10)]
        for number, order in enumerate(orders):
            admin("POST", f"/api/v1/orders/{order}/assign", {"driver_id": int(lines[number * 10][0])})
        url = server.ready["database_url"]
        begin = time.monotonic()
        os.kill(server.pid, signal.SIGKILL)
        server.process.wait()
        with contextlib.suppress(FileNotFoundError):
            os.remove(server.ready_file)
        spawned = time.monotonic()
        with server:
            ready = time.monotonic() - spawned
            crowd = Crowd(lines[:SOCKETS], None)
            back, told = crowd.back - spawned, crowd.hear("told", 30) - spawned
            crowd.end()
            admin = server.admin()
            for order in orders:
                admin("POST", f"/api/v1/orders/{order}/cancel", {"reason": "benchmark", "by": "admin"})
            judge(f"start on what is there, PostgreSQL included, {SOCKETS:,} phones", f"accepting after {ready:.2f} s, all back after {back:.1f} s, "
                  f"all {len(orders)} open orders told after {told:.1f} s", "accepting < 1 s, all told", ready < 1 and told > 0)


def main():
    measure("plain")
    key, crt = certificate()
    measure("over TLS", "--http-tls-key", key, "--http-tls-certificate", crt, crt=crt)
    start()


main()
finish()
