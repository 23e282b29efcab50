#!/usr/bin/env python3
"""MDRPLib days scored by the independent scorer. usage: mdrp.py [small|large|pooled] [seed]"""
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from common import DATA, TIFFIN

spec = importlib.util.spec_from_file_location("scorer", os.path.join(os.environ.get("YARDSTICKS", "yardsticks"), "mdrp.py"))
scorer = importlib.util.module_from_spec(spec)
spec.loader.exec_module(scorer)
kind = sys.argv[1] if len(sys.argv) > 1 else "small"
seed = sys.argv[2] if len(sys.argv) > 2 else "1"
LARGE = {"5o50t100s1p100": 38.0, "5o100t100s1p100": 37.1, "7o50t100s1p125": 36.7}
names = sorted(LARGE) if kind != "small" else sorted(
    d for d in os.listdir(f"{DATA}/mdrplib") if d.startswith(("0o50", "0r50")))
rows = []
for name in names:
    out = tempfile.mktemp(suffix=".json")
    track = "pooled" if kind == "pooled" else "strict"
    subprocess.run([TIFFIN, "simulate", "mdrp", f"{DATA}/mdrplib/{name}", "--track", track, "--seed", seed, "--out", out],
                   capture_output=True, check=True)
    score = scorer.score(scorer.load(f"{DATA}/mdrplib/{name}"), json.load(open(out)))
    if not score["feasible"]:
        sys.exit(f"{name}: the scorer refuses the day: {score['errors']}")
    rows.append(score)
    print(f"{name:18} click-to-door {score['ctd_mean']:.3f} (published {LARGE.get(name, '-')})  ready-to-pickup "
          f"{score['rtp_mean']:.3f}  delay {score['xdt_mean']:.3f}  undelivered {score['undelivered_pct']} %  "
          f"above 90 min {score['over_max']}", flush=True)
mean = lambda key: sum(r[key] for r in rows) / len(rows)
print(f"mean click-to-door {mean('ctd_mean'):.3f}  ready-to-pickup {mean('rtp_mean'):.3f}  delay {mean('xdt_mean'):.3f}")
if kind == "small":
    print("peers on these 13: published rolling horizon 31.61 / 1.40, clairvoyant optimum 30.49 / 0.77")
