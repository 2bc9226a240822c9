#!/usr/bin/env bash
# Makes models/phantom-s-int8.edgepkg from nothing but the simulation: about 2 hours on two cores.
# Run in an environment with everything (`make venv`); it goes on where it was interrupted.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${BIN:-.venv/bin}
work=${WORK:-runs}
[ -f "$work/phantom/dataset.json" ] ||
    "$bin/python" scripts/phantom_dataset.py --out "$work/phantom" --cases 60 --seed 1000 --spacing 0.8
"$bin/edge-sdk" train --data "$work/phantom" --recipe recipes/phantom-s.toml -o "$work/phantom-s"
"$bin/edge-sdk" compress "$work/phantom-s" --data "$work/phantom" -o "$work/phantom-s-compressed"
"$bin/edge-sdk" export "$work/phantom-s-compressed" --target all -o models/phantom-s-int8.edgepkg
