#!/usr/bin/env bash
# test.sh IMAGE COMMAND...: runs the tests in a container of IMAGE, with the capabilities that they need. A program over
# DPDK needs far fewer: README.md lists them with their reasons.
set -euo pipefail

capabilities=(
  SYS_NICE     # DPDK: mbind and its like (Docker's seccomp profile asks for it)
  IPC_LOCK     # DPDK: locked memory
  SYS_ADMIN    # tests: namespaces, private mounts of hugetlbfs and proc; AF_XDP: BPF
  NET_ADMIN    # tests: veth pairs; TAP, AF_XDP
  NET_RAW      # AF_PACKET; ping
  SETUID       # tests: processes of another user
  DAC_OVERRIDE # tests: groups below the root of a cgroup hierarchy, which has no write permission
)
devices=(/dev/net/tun)

image=${1:?which image?}
shift
docker version >/dev/null 2>&1 || { echo "test: the Docker daemon does not answer: $(docker version 2>&1 | tail -1)" >&2; exit 1; }
options=(--rm --init --cap-drop ALL -v /dev/hugepages:/dev/hugepages)
for c in "${capabilities[@]}"; do options+=(--cap-add "$c"); done
for d in "${devices[@]}"; do [ ! -e "$d" ] || options+=(--device "$d"); done
for v in GOPROXY GOSUMDB GONOSUMDB GODPDK_REQUIRE; do [ -z "${!v+set}" ] || options+=(-e "$v"); done
exec docker run "${options[@]}" ${TEST_CONTAINER_OPTIONS:-} "$image" "$@"
