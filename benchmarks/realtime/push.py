#!/usr/bin/env python3
"""From an admin's assignment to the frame on the phone's side, with 2,000 drivers under load. Counted from before the request, so it
holds the whole REST call and the commit: an upper bound of commit to frame. The second figure counts from the event row's own
time in the database, taken inside the transaction. DRIVERS, SECONDS and PER_SECOND may be set."""
from common import *

DRIVERS, SECONDS = int(os.environ.get("DRIVERS", "2000")), float(os.environ.get("SECONDS", "30"))
PER_SECOND = float(os.environ.get("PER_SECOND", "20"))


def quantile(values, share):
    values = sorted(values)
    return values[int((len(values) - 1) * share)]


def main():
    with Tiffin(DRIVERS) as server:
        tokens, arrivals = server.tokens(), os.path.join(DATA, "arrivals.tsv")
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
        from_request, from_answer, seen = [], [], set()
        for line in open(arrivals):
            at, _, text = line.split("\t", 2)
            order = json.loads(text)["data"]["order_id"]
            if order in asked and order not in seen:
                seen.add(order)
                from_request.append((int(at) - asked[order]) / 1e6)
                from_answer.append((int(at) - answered[order]) / 1e6)
        for order in orders:
            admin("POST", f"/api/v1/orders/{order}/cancel", {"reason": "benchmark", "by": "admin"})
        p99 = quantile(from_request, 0.99) if from_request else 1e9
        judge(f"assignment to frame, {DRIVERS:,} drivers, {len(seen)} of {total} arrived",
              f"p50 {quantile(from_request, 0.5):.1f} ms, p99 {p99:.1f} ms, the admin's whole call included "
              f"(p99 {quantile(from_answer, 0.99):.1f} ms after its answer)", "< 50 ms", len(seen) == total and p99 < 50, "< 10 ms")
        say(f"  pong p99 {result['pong_ms']['p99']:.1f} ms, server {result['server_cores']:.2f} cores")


main()
finish()
