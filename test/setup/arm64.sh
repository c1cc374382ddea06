#!/usr/bin/env bash
# arm64.sh FOLDER unpacks DPDK for arm64 and all its dependencies, down to the C library, into FOLDER. It does not change
# this machine's packages and needs no root. aarch64-linux-gnu-gcc compiles programs with it, qemu-user runs them.
set -euo pipefail

root=$(mkdir -p "$1" && cd "$1" && pwd)
[ ! -e "$root/complete" ] || exit 0
mkdir -p "$root/apt/lists/partial" "$root/apt/archives/partial"
: >"$root/apt/status" # nothing is installed there, so apt takes every dependency
apt=(apt-get -q -y -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$root/apt" -o Dir::State::status="$root/apt/status"
  -o Dir::State::Lists="$root/apt/lists" -o Dir::Cache="$root/apt" -o Dir::Cache::archives="$root/apt/archives" -o APT::Sandbox::User=)
echo "arm64: downloading DPDK for arm64 (about 150 MB)"
"${apt[@]}" update >"$root/apt/log"
"${apt[@]}" install --download-only --no-install-recommends libdpdk-dev >>"$root/apt/log"
for deb in "$root"/apt/archives/*.deb; do dpkg-deb -x "$deb" "$root"; done
rm -rf "$root/apt"
touch "$root/complete"
