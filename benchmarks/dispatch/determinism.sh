#!/bin/sh
# The same problem, seed and work: the same bytes in another process, on one thread and two. usage: determinism.sh PROBLEM...
TIFFIN=${TIFFIN:-.build/release/tiffin}
for problem in "$@"; do
    one=$("$TIFFIN" solve "$problem" --steps 2000000 --threads 1 2>/dev/null | sha256sum)
    two=$("$TIFFIN" solve "$problem" --steps 2000000 --threads 2 2>/dev/null | sha256sum)
    [ "$one" = "$two" ] && echo "same  $problem" || { echo "DIFFERENT  $problem"; exit 1; }
done
