#!/usr/bin/env python3
"""Small problems, freshly generated. usage: small.py [first seed]"""
import json
import statistics
import sys
import tempfile
from common import solve
import snap

FIRST = int(sys.argv[1]) if len(sys.argv) > 1 else 9001
PATH = tempfile.mktemp(suffix=".json")


def problem(orders, drivers, seed):
    made = snap.gen(orders, drivers, seed)
    json.dump(made, open(PATH, "w"))
    return made


for drivers in (5, 24):
    proven, walls = 0, []
    for seed in range(FIRST, FIRST + 50):
        score, wall, said = solve(problem(12, drivers, seed), PATH, 100, 1)
        proven += "proven optimal" in said
        walls.append(wall)
    print(f"12x{drivers}: {proven} of 50 proven optimal, whole command {statistics.median(walls):.3f} s", flush=True)
gaps = []
for seed in range(FIRST, FIRST + 6):
    made = problem(50, 20, seed)
    ours = statistics.median(solve(made, PATH, 1000, k)[0]["J"] for k in (1, 2, 3))
    best = min([ours] + [solve(made, PATH, 13000, k)[0]["J"] for k in (7, 8)])
    gaps.append(100 * (ours / best - 1))
    print(f"50x20 seed {seed}: {ours} best known {best} gap {gaps[-1]:.3f} %", flush=True)
print(f"50x20 mean gap {statistics.mean(gaps):.3f} % (must 2, aim 0.5)")
