#!/usr/bin/env python3
"""J (or driving) of the snapshot problems beside the targets and the best run known. usage: snapshots.py [seeds]"""
import json
import statistics
import sys
from common import DATA, solve

ROWS = [  # problem, milliseconds, track, must, aim, peer
    ("200_80_1", 1000, "j", 75500, 72500, "C++ search 75461"),
    ("200_80_1", 10000, "j", 73000, 71000, "C++ search 73081, lower bound 70261"),
    ("1000_400_1", 1000, "j", 500000, 450000, "C++ search 498202"),
    ("1000_400_1", 10000, "j", 437000, 425000, "C++ search 437147"),
    ("200_400_1", 1000, "j", 26850, 26740, "C++ search 26850"),
    ("1000_2000_1", 1000, "j", 161000, 158000, "C++ search 161817"),
    ("1000_2000_1", 10000, "j", 158000, 157000, "C++ search 157981"),
    ("200_80_1", 10000, "drive", 61917, 58821, "VROOM level 5, 61917"),
]
SEEDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
for name, milliseconds, track, must, aim, peer in ROWS:
    path = f"{DATA}/snapshots/s_{name}.json"
    problem = json.load(open(path))
    runs = [solve(problem, path, milliseconds, seed, track) for seed in range(11, 11 + SEEDS)]
    value = statistics.median(r[0]["J" if track == "j" else "drive_s"] for r in runs)
    wall = statistics.median(r[1] for r in runs)
    unserved = max(r[0]["unserved"] for r in runs)
    grade = "aim" if value <= aim else "must" if value <= must else "MISS"
    print(f"{name:12} {track:5} {milliseconds:6} ms  {value:10.1f}  must {must} aim {aim}: {grade:4}  "
          f"wall {wall:.2f} s  unserved {unserved}  peer: {peer}", flush=True)
