#!/usr/bin/env bash
# The shipped packages' self-tests on aarch64 builds of the runtimes, under qemu-user: `make test-arm64`. Needs root.
# A line for each package and runtime; it fails where one of them does. Emulated times mean nothing and are not told.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/arm64/make_root.sh
root=$PWD/build/arm64/root
LIMIT_S=1800
packages=(models/nwire-t-int8.edgepkg models/phantom-s-int8.edgepkg)
[ $# = 0 ] || packages=("$@")

# The SDK itself, as it is now; its wheel needs no compiler.
rm -rf "$root"/opt/sdk "$root"/opt/models build/lib build/bdist.*
.venv/bin/pip wheel --quiet --no-deps --wheel-dir "$root/opt/sdk" .
.venv/bin/python -m zipfile -e "$root"/opt/sdk/edge_sdk-*.whl "$root/opt/sdk"
mkdir -p "$root/opt/models"
cp "${packages[@]}" "$root/opt/models"
cp tests/arm64/selftest.py "$root/opt"

inside() { # COMMAND...: in the root, as a Neoverse N1
    chroot "$root" /usr/bin/env -i QEMU_CPU=neoverse-n1 PATH=/usr/bin:/bin HOME=/root OMP_NUM_THREADS=1 \
        PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="${path:-}" "$@"
}

selftest() { # PACKAGE TARGET
    local log=$root/opt/stderr.log status=0 path=/opt/sdk:/opt/site
    [ "$2" != executorch ] || path=/opt/sdk:/opt/executorch:/opt/site
    inside timeout --kill-after=10 $LIMIT_S python3 -W ignore /opt/selftest.py "/opt/models/$(basename "$1")" "$2" 2> "$log" ||
        status=$?
    case $status in
        0) return ;;
        124 | 137) echo "FAILED: no answer in $LIMIT_S s" ;;
        *) echo "FAILED: status $status, $(tail -1 "$log")" ;;
    esac
    return 1
}

failed=0
inside sh -c 'echo "$(uname -m), Debian $(cat /etc/debian_version), $(python3 --version)"'
for package in "${packages[@]}"; do
    for target in onnxruntime executorch openvino; do
        printf '%s on %s: ' "$(basename "$package")" "$target"
        selftest "$package" "$target" || failed=1
    done
done
exit $failed
