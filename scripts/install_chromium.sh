#!/bin/sh
# Installs Debian's Chromium for the browser tests of the viewer, where none is there: scripts/install_chromium.sh
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
if ! command -v apt-get >/dev/null; then
    echo "install_chromium.sh: no Chromium and no apt-get here; install Chromium by hand, or the browser tests are skipped" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then as_root=sudo; fi
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
