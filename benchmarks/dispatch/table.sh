#!/bin/sh
# Every figure beside its peer's. Needs TIFFIN (a release build), YARDSTICKS, DATA; see README.md. usage: table.sh [seeds]
cd "$(dirname "$0")" || exit 1
seeds=$(seq 1 "${1:-5}")
python=${PYTHON:-python3}
$python small.py
$python snapshots.py "${1:-5}"
# shellcheck disable=SC2086
for kind in small large pooled; do $python mdrp.py $kind $seeds; done
./determinism.sh "$DATA/snapshots/s_50_20_1.json" "$DATA/snapshots/s_200_80_1.json" "$DATA/snapshots/s_1000_400_1.json"
[ -z "$HARNESS" ] || { "$HARNESS" tick; $python lilim.py; }
