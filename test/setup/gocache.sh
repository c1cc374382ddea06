#!/usr/bin/env bash
# gocache.sh prints a Go build cache of the installed DPDK's own. Go keys what cgo made by the package's files and not
# by the headers or .pc files they read, so after a change of DPDK it would link yesterday's constants.
set -euo pipefail

config=$(pkg-config --cflags-only-I libdpdk | tr ' ' '\n' | sed -n 's|^-I\(.*\)|\1/rte_build_config.h|p')
# shellcheck disable=SC2086 # one word a file
sum=$({ pkg-config --cflags --libs libdpdk; cat $config 2>/dev/null || true; } | cksum | cut -d' ' -f1)
echo "$(go env GOCACHE)/dpdk-$(pkg-config --modversion libdpdk)-$sum"
