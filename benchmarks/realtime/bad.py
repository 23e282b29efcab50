#!/usr/bin/env python3
"""Everything of the conformance groups from 1 % of the sockets, at full load, while the other 99 % are timed: with and without."""
from common import *

DRIVERS, SECONDS = int(os.environ.get("DRIVERS", "10000")), float(os.environ.get("SECONDS", "40"))


def main():
    results = {}
    with Tiffin(DRIVERS) as server:
        tokens = server.tokens()
        for percent in (0, 1):
            results[percent] = phones("steady", PORT, tokens, server.pid, sockets=DRIVERS, seconds=SECONDS, connect_rate=1000,
                                      ping_every=3, position_every=5, bad_percent=percent)
            result = results[percent]
            say(f"  {percent} % bad: pong {result['pong_ms']}, server {result['server_cores']:.2f} cores, bad frames {result['bad_sent']}, "
                f"their closes {result['bad_closes']}, closes of the others {result['closes']}")
    without, among = results[0]["pong_ms"], results[1]["pong_ms"]
    judge("pong p99 of the 99 % good sockets", f"{without['p99']:.2f} ms without, {among['p99']:.2f} ms with bad input from 1 %",
          "nobody else closed, p99 < 25 ms", not results[1]["closes"] and among["p99"] < 25)


main()
finish()
