#!/usr/bin/env python3
"""Li and Lim's 100-task instances through the moves of the engine, on long routes, checked by the independent checker,
beside the best known. usage: lilim.py [steps] [name...]; needs HARNESS (the release build of the product `dispatch`)"""
import csv
import os
import subprocess
import sys
import tempfile
import time
from common import DATA, load

checker = load("lilim_score")
HARNESS = os.environ["HARNESS"]
steps = sys.argv[1] if len(sys.argv) > 1 else "100000000"
chosen = set(sys.argv[2:])
known = [r for r in csv.DictReader(open(f"{DATA}/lilim/best_known.csv")) if int(r["customers"]) == 100]
matched, total, longest, ours, theirs = 0, 0, 0.0, 0.0, 0.0
for row in known:
    name = row["instance"]
    if chosen and name not in chosen:
        continue
    begin = time.time()
    run = subprocess.run([HARNESS, "lilim", f"{DATA}/lilim/{name}.txt", "--steps", steps], capture_output=True, text=True,
                         check=True)
    wall = time.time() - begin
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as out:
        out.write(run.stdout)
        out.flush()
        vehicles, distance, errors = checker.check(f"{DATA}/lilim/{name}.txt", out.name)
    if errors:
        sys.exit(f"{name}: the checker refuses the routes: {errors[:3]}")
    total += 1
    longest = max(longest, wall)
    same = vehicles == int(row["vehicles"])
    matched += vehicles <= int(row["vehicles"])
    if same:
        ours += distance
        theirs += float(row["distance"])
    gap = f", {100 * (distance / float(row['distance']) - 1):+.2f} %" if same else ""
    print(f"{name:8} {vehicles} vehicles (best known {row['vehicles']})  {distance:.2f} ({row['distance']}{gap})  {wall:.1f} s",
          flush=True)
print(f"Li & Lim: {total} of {total} feasible, best known vehicles in {matched} (must 45 of 56), distance where equal "
      f"{100 * (ours / max(theirs, 1) - 1):+.2f} % (aim 1 %), longest {longest:.1f} s (60 s each)")
