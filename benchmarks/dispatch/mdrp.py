#!/usr/bin/env python3
"""MDRPLib days scored by the independent scorer. usage: mdrp.py [small|large|pooled] [seed...]; medians over the seeds"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
from common import DATA, TIFFIN, grade, load

scorer = load("mdrp")
kind = sys.argv[1] if len(sys.argv) > 1 else "small"
seeds = sys.argv[2:] or ["1"]
LARGE = {  # published click-to-door, must, aim, orders that nobody can deliver within 90 minutes
    "5o50t100s1p100": (38.0, 37.0, 36.0, 16), "5o100t100s1p100": (37.1, 35.5, 34.3, 38),
    "7o50t100s1p125": (36.7, 37.0, 36.5, 18)}
names = sorted(LARGE) if kind != "small" else sorted(
    d for d in os.listdir(f"{DATA}/mdrplib") if d.startswith(("0o50", "0r50")))


def day(name, track, seed):
    out = tempfile.mktemp(suffix=".json")
    subprocess.run([TIFFIN, "simulate", "mdrp", f"{DATA}/mdrplib/{name}", "--track", track, "--seed", seed, "--out", out],
                   capture_output=True, check=True)
    score = scorer.score(scorer.load(f"{DATA}/mdrplib/{name}"), json.load(open(out)))
    os.remove(out)
    if not score["feasible"]:
        sys.exit(f"{name}: the scorer refuses the day: {score['errors']}")
    return score


def median(rows, key):
    return statistics.median(r[key] for r in rows)


means = {seed: [] for seed in seeds}
for name in names:
    rows = [day(name, "pooled" if kind == "pooled" else "strict", seed) for seed in seeds]
    for seed, score in zip(seeds, rows):
        means[seed].append(score)
    line = (f"{name:16} {kind:6} click-to-door {median(rows, 'ctd_mean'):.3f}  ready-to-pickup {median(rows, 'rtp_mean'):.3f}  "
            f"delay {median(rows, 'xdt_mean'):.3f}  undelivered {max(r['undelivered_pct'] for r in rows)} %  "
            f"above 90 min {max(r['over_max'] for r in rows)}")
    if kind == "large":
        published, must, aim, unavoidable = LARGE[name]
        line += (f" (unavoidable {unavoidable})  must {must} aim {aim}: {grade(median(rows, 'ctd_mean'), must, aim)}  "
                 f"published {published}")
    if kind == "pooled":
        strict = median([day(name, "strict", seed) for seed in seeds], "xdt_mean")
        line += (f"  our strict delay {strict:.3f}, aim {0.85 * strict:.3f}: "
                 f"{grade(median(rows, 'xdt_mean'), strict, 0.85 * strict)}")
    print(line, flush=True)
if kind == "small":
    def mean(key):
        return statistics.median(statistics.mean(r[key] for r in means[seed]) for seed in seeds)
    print(f"13 small days    strict click-to-door {mean('ctd_mean'):.3f} must 30.95 aim 30.75: "
          f"{grade(mean('ctd_mean'), 30.95, 30.75)}  ready-to-pickup {mean('rtp_mean'):.3f} must 1.20 aim 1.0: "
          f"{grade(mean('rtp_mean'), 1.2, 1.0)}")
    print("                 peers: published rolling horizon 31.61 / 1.40, clairvoyant optimum 30.49 / 0.77")
