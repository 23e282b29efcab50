#!/usr/bin/env python3
"""`kill -9` with 10,000 drivers and an open order for every tenth: how long until all are back and every open event is replayed.

The phones come back as the published app does: after 1 s, 2 s, 4 s, … without jitter. The server is started again at once, as a
supervisor would. DRIVERS may be set."""
from common import *

DRIVERS = int(os.environ.get("DRIVERS", "10000"))


def main():
    server = Tiffin(DRIVERS)
    with server:
        tokens = server.tokens()
        drivers = [int(line.split("\t")[0]) for line in open(tokens)]
        admin = server.admin()
        orders = [admin.order() for _ in range(DRIVERS // 10)]
        load = subprocess.Popen(
            [PHONES, "storm", "--port", str(PORT), "--tokens", tokens, "--sockets", str(DRIVERS), "--connect-rate", "1000",
             "--expect-pushes", str(len(orders)), "--limit", "60"], stdout=subprocess.PIPE, text=True)
        say("  " + load.stdout.readline().strip())
        # Phones that stand still answer no ping, so these events are sent and open when the server dies.
        load.send_signal(signal.SIGSTOP)
        for number, order in enumerate(orders):
            admin("POST", f"/api/v1/orders/{order}/assign", {"driver_id": drivers[number * 10]})
        killed = time.monotonic()
        os.kill(server.pid, signal.SIGKILL)
        load.send_signal(signal.SIGCONT)
        server.process.wait()
        server.start()
        say(f"  ready again {time.monotonic() - killed:.1f} s after the kill")
        result = json.loads(load.communicate()[0].splitlines()[-1])
        say("  " + json.dumps(result))
        admin = server.admin()
        for order in orders:
            admin("POST", f"/api/v1/orders/{order}/cancel", {"reason": "benchmark", "by": "admin"})
        done = max(result["all_back_s"], result["last_push_s"])
        judge(f"kill -9 with {DRIVERS:,} drivers: {result['returned']:,} back, {result['pushes']:,} of {len(orders):,} orders told",
              f"{done:.1f} s", "< 30 s", result["returned"] == DRIVERS and result["pushes"] >= len(orders) and 0 < done < 30, "< 15 s")


main()
finish()
