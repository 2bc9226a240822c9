#!/usr/bin/env bash
# Makes the hippocampus models from Task04 of the Medical Segmentation Decathlon: several hours on two cores.
# Usage: scripts/make_hippocampus_packages.sh FOLDER (with images/ and labels/); goes on where it was interrupted.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:?give the folder with images/ and labels/}
bin=${BIN:-.venv/bin}
work=${WORK:-runs}
out=${OUT:-models}
"$bin/edge-sdk" train --data "$data" --recipe recipes/hippocampus-s.toml -o "$work/hippocampus-s"
"$bin/edge-sdk" compress "$work/hippocampus-s" --data "$data" --recipe recipes/hippocampus-s.toml -o "$work/unpruned"
for name in half quarter; do
    "$bin/edge-sdk" compress "$work/unpruned" --data "$data" --recipe "recipes/hippocampus-s-$name.toml" -o "$work/$name"
done
"$bin/edge-sdk" compress-report "$work/unpruned" "$work/half" "$work/quarter" -o "$work/hippocampus-report"
"$bin/edge-sdk" export "$work/unpruned" --precision fp32 --target openvino -o "$out/hippocampus-s-fp32.edgepkg"
# One target only, to keep the repository small; the pruned ones have all three.
"$bin/edge-sdk" export "$work/unpruned" --target openvino -o "$out/hippocampus-s-int8.edgepkg"
"$bin/edge-sdk" export "$work/half" --target all -o "$out/hippocampus-s-pruned-int8.edgepkg"
"$bin/edge-sdk" export "$work/quarter" --target all -o "$out/hippocampus-s-pruned-4x-int8.edgepkg"
"$bin/edge-sdk" verify "$out/hippocampus-s-pruned-int8.edgepkg" --data "$data" --every-target
