#!/usr/bin/env python3
"""From the commit of an assignment to the frame on the phone's side, with 2,000 drivers under load.

A client cannot see the moment of the commit, so two figures enclose it: the whole call of the admin up to the frame, which holds the
disk's flush, and the same with synchronous_commit off, where the commit waits for no disk: what is left is the call itself and
everything behind the commit, an upper bound. DRIVERS, SECONDS and PER_SECOND may be set."""
from common import *

DRIVERS, SECONDS = int(os.environ.get("DRIVERS", "2000")), float(os.environ.get("SECONDS", "30"))
PSQL = os.environ.get("PSQL", "psql")
PER_SECOND = float(os.environ.get("PER_SECOND", "20"))


def quantile(values, share):
    values = sorted(values)
    return values[int((len(values) - 1) * share)]


def measure(server, tokens):
    """One round: milliseconds from the request, and from its answer, to each frame."""
    arrivals = os.path.join(DATA, "arrivals.tsv")
    drivers = [int(line.split("\t")[0]) for line in open(tokens)]
    admin = server.admin()
    total = int(SECONDS * PER_SECOND)
    orders = [admin.order() for _ in range(total)]
    load = subprocess.Popen(
        [PHONES, "steady", "--port", str(PORT), "--tokens", tokens, "--server-pid", str(server.pid), "--sockets", str(DRIVERS),
         "--seconds", str(SECONDS + 6), "--connect-rate", "1000", "--arrivals", arrivals], stdout=subprocess.PIPE, text=True)
    time.sleep(DRIVERS / 1000 + 3)
    asked, answered, start = {}, {}, time.monotonic()
    for number, order in enumerate(orders):
        time.sleep(max(0, start + number / PER_SECOND - time.monotonic()))
        asked[order] = time.monotonic_ns()
        admin("POST", f"/api/v1/orders/{order}/assign", {"driver_id": drivers[number * 7919 % len(drivers)]})
        answered[order] = time.monotonic_ns()
    result = json.loads(load.communicate()[0].splitlines()[-1])
    frames = {}
    for line in open(arrivals):
        at, _, text = line.split("\t", 2)
        frames.setdefault(json.loads(text)["data"]["order_id"], int(at))
    for order in orders:
        admin("POST", f"/api/v1/orders/{order}/cancel", {"reason": "benchmark", "by": "admin"})
    told = [order for order in orders if order in frames]
    say(f"  {len(told)} of {total} arrived, pong p99 {result['pong_ms']['p99']:.1f} ms, server {result['server_cores']:.2f} cores")
    return ([(frames[order] - asked[order]) / 1e6 for order in told], [(frames[order] - answered[order]) / 1e6 for order in told],
            len(told) == total)


def main():
    with Tiffin(DRIVERS) as server:
        tokens = server.tokens()
        def setting(text):
            subprocess.run([PSQL, "-q", server.ready["database_url"], "-c", f"ALTER SYSTEM {text}", "-c", "SELECT pg_reload_conf()"],
                           check=True, stdout=subprocess.DEVNULL)
        whole, after, _ = measure(server, tokens)
        say(f"  the admin's whole call to the frame: p50 {quantile(whole, 0.5):.1f} ms, p99 {quantile(whole, 0.99):.1f} ms; "
            f"the frame after the call's answer: p50 {quantile(after, 0.5):.2f} ms, p99 {quantile(after, 0.99):.2f} ms")
        setting("SET synchronous_commit = off")
        try:
            whole, _, came = measure(server, tokens)
        finally:
            setting("RESET synchronous_commit")
        p99 = quantile(whole, 0.99) if whole else 1e9
        judge(f"commit of an assignment to the frame, {DRIVERS:,} drivers",
              f"below p50 {quantile(whole, 0.5):.1f} ms, p99 {p99:.1f} ms", "< 50 ms", came and p99 < 50, "< 10 ms")


main()
finish()
