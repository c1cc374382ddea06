#!/usr/bin/env bash
# build.sh FOLDER prepares the guest in FOLDER: vmlinuz and initramfs, with the agent, the tests of test/nic/guest and the
# examples. The kernel and the static profile of DPDK are kept in the user's cache.
set -euo pipefail
cd "$(dirname "$0")/../.."

mkdir -p "$1"
out=$(cd "$1" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/godpdk/nic
kernel=$(test/nic/kernel.sh "$cache/kernel")

# One profile for each DPDK: for its release, and the archives of that release.
libdir=$(pkg-config --variable=libdir libdpdk)
prefix=$cache/dpdk-$(pkg-config --modversion libdpdk)-$(cat pkgconfig/static.sh "$libdir/librte_eal.a" | cksum | cut -d' ' -f1)
if [ ! -e "$prefix/lib/pkgconfig/libdpdk-static.pc" ]; then
  echo "nic: linking DPDK statically"
  pkgconfig/static.sh "$prefix" >/dev/null
fi
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
GOCACHE=$(test/setup/gocache.sh libdpdk-static)
export GOCACHE

echo "nic: building the programs of the guest"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/lib/modules"
static=(-tags godpdk_static -ldflags '-s -w -extldflags -static')
CGO_ENABLED=0 go build -o "$work/root/init" ./test/nic/agent
CGO_ENABLED=0 go build -ldflags '-s -w' -o "$work/root/" ./examples/doctor
# The linker warns about glibc's dlopen in every static program.
{ go test -c "${static[@]}" -o "$work/root/guest.test" ./test/nic/guest &&
  go build "${static[@]}" -o "$work/root/" ./examples/echo ./examples/l2fwd ./examples/symmetric-mp; } 2>"$work/errors" || { cat "$work/errors" >&2; exit 1; }
cp "$kernel"/*.ko "$kernel/list" "$work/root/lib/modules/"
(cd "$work/root" && find . | cpio -o -H newc --quiet) >"$work/initramfs" # not compressed: an emulated machine unpacks slowly
mv "$work/initramfs" "$out/initramfs"
ln -sf "$kernel/vmlinuz" "$out/vmlinuz"
