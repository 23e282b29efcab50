#!/bin/sh
# City days, seed after seed; the command fails when a rule is broken. usage: seeds.sh [SCENARIO] [FIRST] [LAST]
TIFFIN=${TIFFIN:-.build/release/tiffin}
for seed in $(seq "${2:-1}" "${3:-1000}"); do
    "$TIFFIN" simulate city "${1:-small}" --seed "$seed" >/dev/null || { echo "seed $seed breaks a rule"; exit 1; }
done
echo "no rule broken"
