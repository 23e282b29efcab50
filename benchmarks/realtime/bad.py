#!/usr/bin/env python3
"""Everything of the conformance groups from 1 % of the sockets, at full load, while the other 99 % are timed: with and without."""
from common import *

DRIVERS, SECONDS = int(os.environ.get("DRIVERS", "10000")), float(os.environ.get("SECONDS", "20"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))


def main():
    pongs = {0: [], 1: []}
    others = {}
    with Tiffin(DRIVERS) as server:
        tokens = server.tokens()
        for _ in range(ROUNDS):
            for percent in (0, 1):
                result = phones("steady", PORT, tokens, server.pid, sockets=DRIVERS, seconds=SECONDS, connect_rate=1000,
                                ping_every=3, position_every=5, bad_percent=percent)
                pongs[percent].append(result["pong_ms"])
                others.update(result["closes"])
                say(f"  {percent} % bad: pong {result['pong_ms']}, server {result['server_cores']:.2f} cores, bad frames "
                    f"{result['bad_sent']}, their closes {result['bad_closes']}, closes of the others {result['closes']}")
    def middle(percent, share):
        return statistics.median(pong[share] for pong in pongs[percent])
    judge("pong of the 99 % good sockets, with bad input from 1 % and (without)",
          ", ".join(f"{share} {middle(1, share):.2f} ({middle(0, share):.2f}) ms" for share in ("p50", "p90", "p99", "p999")),
          "nobody else closed, p99 < 25 ms or no worse than without", not others and middle(1, "p99") < max(25, 1.2 * middle(0, "p99")))


main()
finish()
