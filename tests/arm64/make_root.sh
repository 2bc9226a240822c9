#!/usr/bin/env bash
# An arm64 user space under build/arm64/root: Debian 12 by debootstrap, run through qemu-user, and the aarch64 wheels.
# Needs root: debootstrap, binfmt_misc and chroot do. Takes about ten minutes once, and then nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "make test-arm64 needs root (debootstrap, binfmt_misc, chroot): run sudo make test-arm64" >&2; exit 1; }
root=$PWD/build/arm64/root
pip=.venv/bin/pip

for tool in debootstrap qemu-aarch64-static update-binfmts; do
    command -v "$tool" > /dev/null && continue
    apt-get update --quiet=2
    apt-get install --yes --quiet=2 debootstrap qemu-user-static binfmt-support
    break
done
mountpoint --quiet /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
[ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || update-binfmts --enable qemu-aarch64

if [ ! -e "$root/.debian" ]; then
    mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2> /dev/null | head -1)
    rm -rf "$root" && mkdir -p "$root"
    debootstrap --arch=arm64 --variant=minbase --include=python3,libgomp1,libstdc++6,ca-certificates \
        bookworm "$root" "${mirror:-http://deb.debian.org/debian}" > build/arm64/debootstrap.log ||
        { tail -5 build/arm64/debootstrap.log >&2; exit 1; }
    touch "$root/.debian"
fi

# The runtimes count and name the processor's cores from these files, which qemu-user does not give; without one of them
# OpenVINO does not end, or crashes. The processor is the one that run.sh lets qemu be.
for core in 0 1; do
    folder=$root/sys/devices/system/cpu/cpu$core
    mkdir -p "$folder/regs/identification" "$folder/topology"
    echo 0x00000000413fd0c1 > "$folder/regs/identification/midr_el1"  # Neoverse N1
    echo $core > "$folder/topology/core_id"
    echo 0 > "$folder/topology/physical_package_id"
    echo $((1 << core)) | tee "$folder/topology/thread_siblings" > "$folder/topology/core_cpus"
    echo 3 | tee "$folder/topology/core_siblings" > "$folder/topology/package_cpus"
done
for name in present possible online; do echo 0-1 > "$root/sys/devices/system/cpu/$name"; done
for core in 0 1; do
    printf '%s\t: %s\n' processor $core BogoMIPS 50.00 Features "fp asimd crc32 atomics fphp asimdhp asimdrdm asimddp" \
        "CPU implementer" 0x41 "CPU architecture" 8 "CPU variant" 0x3 "CPU part" 0xd0c "CPU revision" 1
    echo
done > "$root/proc/cpuinfo"

version() { "$pip" show "$1" 2> /dev/null | sed -n 's/^Version: //p'; }
platforms=(--platform manylinux2014_aarch64)
for glibc in 17 24 26 27 28 31 34 35; do platforms+=(--platform "manylinux_2_${glibc}_aarch64"); done
wheels() { # FOLDER NAME...: aarch64 wheels into a folder of the root
    local folder=$root/$1
    shift
    PIP_CONSTRAINT='' "$pip" install --quiet --disable-pip-version-check --upgrade --target "$folder" --python-version 3.11 \
        --implementation cp --only-binary=:all: "${platforms[@]}" "$@"
}
wanted="openvino==$(version openvino) onnxruntime==$(version onnxruntime)"
if [ "$(cat "$root/opt/site.wheels" 2> /dev/null)" != "$wanted" ]; then
    rm -rf "$root/opt/site"
    mapfile -t needed < <(.venv/bin/python -c "
import tomllib
print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')")
    # shellcheck disable=SC2086  # one word for each wheel
    wheels opt/site "${needed[@]}" $wanted
    echo "$wanted" > "$root/opt/site.wheels"
fi
# ExecuTorch 1.4.1's wheel wants a torch whose aarch64 build does not import without CUDA; these two do, on a CPU.
# Without their dependencies, of which several gigabytes are for graphics cards.
wanted="torch==2.9.1 executorch==1.0.1"
if [ "$(cat "$root/opt/executorch.wheels" 2> /dev/null)" != "$wanted" ]; then
    rm -rf "$root/opt/executorch"
    # shellcheck disable=SC2086
    wheels opt/executorch --no-deps $wanted filelock typing_extensions sympy mpmath networkx jinja2 markupsafe fsspec
    echo "$wanted" > "$root/opt/executorch.wheels"
fi
