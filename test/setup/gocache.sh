#!/usr/bin/env bash
# gocache.sh [PROFILE] prints a Go build cache of the installed DPDK's own. Go keys what cgo made by the package's files
# and not by the headers or .pc files they read, so after a change of DPDK it would link yesterday's constants. PROFILE is
# libdpdk, or libdpdk-static or libdpdk-static-debug, which have caches of their own, as their drivers can change, too.
set -euo pipefail

profile=${1:-libdpdk}
config=$(pkg-config --cflags-only-I "$profile" | tr ' ' '\n' | sed -n 's|^-I\(.*\)|\1/rte_build_config.h|p')
# shellcheck disable=SC2086 # one word a file
sum=$({ pkg-config --cflags --libs "$profile"; cat $config 2>/dev/null || true; } | cksum | cut -d' ' -f1)
echo "$(go env GOCACHE)/dpdk-$(pkg-config --modversion "$profile")-$sum"
