#!/usr/bin/env python3
"""J (or driving) of the snapshot problems beside the targets and the best run known; on the driving track VROOM runs in
the same minute. usage: snapshots.py [seeds]"""
import json
import statistics
import subprocess
import sys
import tempfile
from common import DATA, YARDSTICKS, grade, solve
import snap

ROWS = [  # problem, milliseconds, must, aim, peer
    ("200_80_1", 1000, 75500, 72500, "C++ search 75461"),
    ("200_80_1", 10000, 73000, 71000, "C++ search 73081, lower bound 70261"),
    ("1000_400_1", 1000, 500000, 450000, "C++ search 498202"),
    ("1000_400_1", 10000, 437000, 425000, "C++ search 437147"),
    ("200_400_1", 1000, 26850, 26740, "C++ search 26850"),
    ("1000_2000_1", 1000, 161000, 158000, "C++ search 161817"),
    ("1000_2000_1", 10000, 158000, 157000, "C++ search 157981"),
]
SEEDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5


def row(name, milliseconds, track, must, aim, peer):
    path = f"{DATA}/snapshots/s_{name}.json"
    problem = json.load(open(path))
    runs = [solve(problem, path, milliseconds, seed, track) for seed in range(11, 11 + SEEDS)]
    value = statistics.median(r[0]["J" if track == "j" else "drive_s"] for r in runs)
    unserved = max(r[0]["unserved"] for r in runs)
    print(f"{name:12} {track:5} {milliseconds:6} ms  {value:10.1f}  must {must} aim {aim}: {grade(value, must, aim)}  "
          f"wall {statistics.median(r[1] for r in runs):.2f} s  unserved {unserved}  peer: {peer}", flush=True)


for name, milliseconds, must, aim, peer in ROWS:
    row(name, milliseconds, "j", must, aim, peer)
path = f"{DATA}/snapshots/s_200_80_1.json"
out = tempfile.mktemp(suffix=".json")
run = subprocess.run([sys.executable, f"{YARDSTICKS}/baselines.py", "vroom", path, "--limit", "60", "-o", out],
                     capture_output=True, text=True)
if run.returncode == 0:
    said = json.loads(run.stdout.splitlines()[-1])
    vroom = said["drive_s"]
    peer = f"VROOM level 5 in this run {vroom}, wall {said['wall_s']} s, unserved {said['unserved']}"
else:
    vroom, peer = 61917, "VROOM level 5, published run 61917 (pyvroom is not installed)"
row("200_80_1", 10000, "drive", vroom, round(vroom * 0.95), peer)
