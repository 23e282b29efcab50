#!/usr/bin/env python3
"""Small problems, freshly generated, beside the optimum that HiGHS proves. usage: small.py [first seed] [12-order seeds]
[50x20 seeds]"""
import json
import statistics
import sys
import tempfile
from common import grade, solve
import exact
import snap

FIRST = int(sys.argv[1]) if len(sys.argv) > 1 else 9001
TWELVE = int(sys.argv[2]) if len(sys.argv) > 2 else 100
FIFTY = int(sys.argv[3]) if len(sys.argv) > 3 else 6
PATH = tempfile.mktemp(suffix=".json")


def problem(orders, drivers, seed):
    made = snap.gen(orders, drivers, seed)
    json.dump(made, open(PATH, "w"))
    return made


for drivers in (5, 24):
    optimal, gaps, walls = 0, [], []
    for seed in range(FIRST, FIRST + TWELVE):
        made = problem(12, drivers, seed)
        score, wall, _ = solve(made, PATH, 100, 1)
        best, proven = exact.optimum(made, upper=score["J"])
        if not proven or score["J"] < best - 0.01:
            sys.exit(f"12x{drivers} seed {seed}: the peer's optimum {best} is none")
        gaps.append(100 * (score["J"] / best - 1))
        optimal += gaps[-1] < 1e-4
        walls.append(wall)
    print(f"12x{drivers:<9} {optimal} of {TWELVE} at the optimum, mean gap {statistics.mean(gaps):.4f} % (must 95 %, 0.5 %; "
          f"aim all): {'aim ' if optimal == TWELVE else 'must' if optimal >= 0.95 * TWELVE else 'MISS'}  whole command "
          f"median {1000 * statistics.median(walls):.0f} ms, longest {1000 * max(walls):.0f} ms (must 100 ms)", flush=True)
gaps, walls = [], []
for seed in range(FIRST, FIRST + FIFTY):
    made = problem(50, 20, seed)
    runs = [solve(made, PATH, 1000, k) for k in (1, 2, 3, 4, 5)]
    ours = statistics.median(r[0]["J"] for r in runs)
    best, proven = exact.optimum(made, upper=min(r[0]["J"] for r in runs))
    gaps.append(100 * (ours / best - 1))
    walls += [r[1] for r in runs]
    print(f"  50x20 seed {seed}: {ours} optimum {best}{'' if proven else ' (not proven)'} gap {gaps[-1]:.3f} %", flush=True)
print(f"50x20        1000 ms  mean gap {statistics.mean(gaps):.3f} % to the proven optimum, must 2 aim 0.5: "
      f"{grade(statistics.mean(gaps), 2, 0.5)}  wall {statistics.median(walls):.2f} s")
