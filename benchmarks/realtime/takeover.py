#!/usr/bin/env python3
"""A second phone of a driver while the first one reads and says nothing: from its connect to its first pong."""
from common import *


def main():
    with Tiffin(1000) as server:
        ours = phones("takeover", PORT, server.tokens(), server.pid, sockets=100, limit=5)
    with cleanly(sample()) as fastapi:
        theirs = phones("takeover", PORT + 1, sample_tokens(10), fastapi.pid, sockets=3, limit=5)
    first = ours["first_pong_ms"]
    judge("take-over while the old phone is dead", f"p50 {first['p50']:.1f} ms, max {first['max']:.1f} ms, never {ours['never']}",
          "< 1 s", ours["never"] == 0 and first["max"] < 1000, "< 50 ms")
    say(f"  FastAPI sample: {theirs['never']} of 3 had no pong within 5 s")


main()
finish()
