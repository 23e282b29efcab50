#!/usr/bin/env python3
"""Closed loops, all sides in turn, several rounds: pings answered and positions taken for each second of a server's core.

Tiffin is the whole server (`serve --dev`); for the positions it is `socket-echo --house`: the gateway, the fleet's index and a history
that forgets, because the peers store nothing. ROUNDS (3) and SECONDS (3) may be set."""
from common import *

UNLIMITED = ("--ws-message-rate", "1000000", "--ws-message-burst", "1000000")
ROUNDS, SECONDS = int(os.environ.get("ROUNDS", "3")), float(os.environ.get("SECONDS", "3"))
sides = {"fastapi": [], "bound": [], "tiffin": []}


def compare(title, figure, must, aim, of_bound, servers, **options):
    rates = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, (port, tokens, pid) in servers.items():
            result = phones("flood", port, tokens, pid, seconds=SECONDS, **options)
            rates[name].append(result[figure])
            if result["closes"]:
                say(f"  {name}: closes {result['closes']}")
    ours, fastapi, bound_ = (statistics.median(rates[name]) for name in ("tiffin", "fastapi", "bound"))
    say(f"{title}: tiffin {ours:,.0f}, FastAPI {fastapi:,.0f}, epoll bound {bound_:,.0f} per core second")
    judge(title, f"{ours / fastapi:.1f}x FastAPI, {100 * ours / bound_:.0f} % of the bound", f"{must}x FastAPI",
          ours >= must * fastapi, aim + of_bound)


def main():
    peers = sample_tokens(1000)
    with cleanly(sample()) as fastapi, cleanly(bound()) as epoll:
        servers = {"fastapi": (PORT + 1, peers, fastapi.pid), "bound": (PORT + 2, peers, epoll.pid)}
        with Tiffin(1000, *UNLIMITED) as server:
            servers["tiffin"] = (PORT, server.tokens(), server.pid)
            for count in (100, 1000):
                compare(f"ping to pong, {count} sockets", "pongs_per_core_s", 5, "35 % of the bound, then 50 %", "", servers,
                        sockets=count)
        house = subprocess.Popen([ECHO, str(PORT + 3), "--house", "1000"])
        wait_for_port(PORT + 3, house)
        with cleanly(house):
            servers["tiffin"] = (PORT + 3, numbers(1000), house.pid)
            for count in (100, 1000):
                compare(f"positions read, parsed, indexed, {count} sockets", "positions_per_core_s", 5, "15x", "", servers,
                        sockets=count, batch=20)


main()
finish()
