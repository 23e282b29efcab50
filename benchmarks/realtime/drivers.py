#!/usr/bin/env python3
"""10,000 drivers at the rate of the specification (a position every 10 s, a ping every 30 s; here every 3 s, for more samples), every
position stored. DRIVERS and SECONDS may be set."""
from common import *

DRIVERS, SECONDS = int(os.environ.get("DRIVERS", "10000")), float(os.environ.get("SECONDS", "60"))


def main():
    with Tiffin(DRIVERS) as server:
        result = phones("steady", PORT, server.tokens(), server.pid, sockets=DRIVERS, seconds=SECONDS, connect_rate=1000,
                        ping_every=float(os.environ.get("PING_EVERY", "30")))
        say(json.dumps(result))
        cores, pong = result["server_cores"], result["pong_ms"]
        whole = result["sockets"] == DRIVERS and not result["closes"]
        judge(f"{DRIVERS:,} drivers, cores of the server", f"{cores:.2f}", "< 0.5", whole and cores < 0.5, "< 0.25")
        judge(f"{DRIVERS:,} drivers, pong p99", f"{pong['p99']:.1f} ms (p50 {pong['p50']:.2f}, n {pong['n']})", "< 25 ms",
              whole and pong["p99"] < 25, "< 10 ms")


main()
finish()
