#!/usr/bin/env bash
# Trains a wire model on the fCal 1.2 calibration sweep and reports it on the held-out validation sweep.
# Usage: scripts/make_nwire_model.sh FOLDER_OF_THE_RECORDINGS
set -euo pipefail
cd "$(dirname "$0")/.."
recordings=${1:?give the folder of the fCal recordings}
bin=${BIN:-.venv/bin}
work=${WORK:-runs}
"$bin/python" scripts/nwire_dataset.py --data "$recordings" --out "$work/nwire"
"$bin/edge-sdk" train --data "$work/nwire/train" --recipe recipes/nwire-t.toml -o "$work/nwire-t"
"$bin/edge-sdk" compress "$work/nwire-t" --data "$work/nwire/train" -o "$work/nwire-t-compressed"
"$bin/edge-sdk" export "$work/nwire-t-compressed" --target "${TARGET:-openvino}" -o "$work/nwire-t-int8.edgepkg"
"$bin/python" scripts/nwire_report.py --published-form-of "$work/nwire-t" --heldout "$work/nwire/heldout"
"$bin/python" scripts/nwire_report.py --package "$work/nwire-t-int8.edgepkg" --heldout "$work/nwire/heldout"
