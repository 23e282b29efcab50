"""What the dispatch benchmarks share: where things are, and one scored run."""
import importlib.util
import json
import os
import subprocess
import sys
import time

TIFFIN = os.environ.get("TIFFIN", ".build/release/tiffin")
DATA = os.environ.get("DATA", "data")
YARDSTICKS = os.environ.get("YARDSTICKS", "yardsticks")
sys.path.insert(0, YARDSTICKS)


def load(name):
    """A yardstick whose name one of our own files has too."""
    spec = importlib.util.spec_from_file_location("yardstick_" + name, os.path.join(YARDSTICKS, name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def grade(value, must, aim):
    return "aim " if value <= aim else "must" if value <= must else "MISS"


def solve(problem, path, milliseconds, seed, track="j"):
    """Score by the independent checker, wall seconds, what the command said."""
    import snap
    begin = time.time()
    run = subprocess.run(
        [TIFFIN, "solve", path, "--budget-ms", str(milliseconds), "--seed", str(seed), "--track", track],
        capture_output=True, text=True, check=True)
    wall = time.time() - begin
    score = snap.score(problem, json.loads(run.stdout))
    if not score["valid"]:
        sys.exit(f"{path}: the checker refuses the plan: {score['errors']}")
    return score, wall, run.stderr
