#!/usr/bin/env python3
"""5,000 clients that ping and never read; those that are dropped come back at once. The server's memory must be flat."""
from common import *

SOCKETS, SECONDS = int(os.environ.get("SOCKETS", "5000")), float(os.environ.get("SECONDS", "300"))


def main():
    with Tiffin(SOCKETS) as server:
        result = phones("mute", PORT, server.tokens(), server.pid, sockets=SOCKETS, seconds=SECONDS, connect_rate=1000, ping_every=0.2)
        memory = result["server_kib_each_second"]
        early, late = max(memory[: len(memory) // 2]), max(memory[len(memory) // 2 :])
        say(f"  memory each 10 s, MiB: {[round(kib / 1024) for kib in memory[::10]]}; closes {result['closes']}")
        judge(f"{result['sockets']:,} clients that never read", f"at most {early / 1024:.0f} MiB in the first half of {SECONDS:.0f} s, "
              f"{late / 1024:.0f} MiB in the second", "flat memory", late <= early * 1.1 + 10_000)


main()
finish()
