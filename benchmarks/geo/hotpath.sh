#!/usr/bin/env bash
# Shows that moves and searches ask nothing of the memory and of the reference counts: exit code 0 when so, one line of JSON.
# Needs gcc and the release build of the benchmark (TIFFIN_BENCHMARKS=1 swift build -c release --product geo).
# Usage: benchmarks/geo/hotpath.sh [BINARY]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
binary=${1:-$here/../../.build/release/geo}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
gcc -O2 -shared -fPIC -o "$folder/counts.so" "$here/counts.c" -ldl
LD_PRELOAD=$folder/counts.so "$binary" hotpath
