#!/usr/bin/env bash
# gocache.sh [PROFILE] prints the path of a Go build cache for the installed DPDK. Go's key for the output of cgo has the
# package's files, but not the headers and .pc files that they read: after a change of DPDK, Go would link the old
# constants. PROFILE is libdpdk, libdpdk-static or libdpdk-static-debug; each has its own cache, because its drivers can
# change too.
set -euo pipefail

profile=${1:-libdpdk}
config=$(pkg-config --cflags-only-I "$profile" | tr ' ' '\n' | sed -n 's|^-I\(.*\)|\1/rte_build_config.h|p')
# shellcheck disable=SC2086 # one word a file
sum=$({ pkg-config --cflags --libs "$profile"; cat $config 2>/dev/null || true; } | cksum | cut -d' ' -f1)
echo "$(go env GOCACHE)/dpdk-$(pkg-config --modversion "$profile")-$sum"
