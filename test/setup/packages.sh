#!/usr/bin/env bash
# packages.sh installs the packages that godpdk's build and tests need. It calls apt only if something is missing.
set -euo pipefail

packages=(libdpdk-dev dpdk-dev dpdk-doc pkgconf gcc libc6-dev qemu-user iputils-ping tcpdump bind9-dnsutils)

# missing prints the missing parts. It looks for files and commands, not for packages, so that a DPDK built from source
# and other distributions pass too.
missing() {
  if ! pkg-config --fragment-filter=ILl --exists libdpdk 2>/dev/null; then
    echo "pkgconf and DPDK's headers (libdpdk.pc)"
  elif ! pkg-config --fragment-filter=ILl --cflags --libs libdpdk >/dev/null 2>&1; then
    echo "packages that libdpdk.pc requires: see 'pkg-config --cflags libdpdk'"
  fi
  if ! command -v gcc >/dev/null; then
    echo "gcc"
  elif ! echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1; then
    echo "the C library's headers"
  fi
  command -v dpdk-proc-info >/dev/null || echo "dpdk-proc-info (a C peer for the two-process tests)"
  command -v dpdk-testpmd >/dev/null || echo "dpdk-testpmd (a C peer for the tests of ports)"
  command -v dpdk-telemetry.py >/dev/null || echo "dpdk-telemetry.py (asks the telemetry sockets in tests; Debian 14 has it in the package dpdk)"
  [ -d "$(pkg-config --variable=prefix libdpdk 2>/dev/null)/share/dpdk/examples/multi_process" ] ||
    echo "DPDK's sample programs (C peers for the tests of the examples; Debian has them in dpdk-doc)"
  command -v ping >/dev/null || echo "ping (for the tests on the kernel's network stack)"
  command -v dig >/dev/null || echo "dig (asks the DNS server of the examples in tests)"
  command -v tcpdump >/dev/null || echo "tcpdump (reads what the tests of captures write)"
  [ "$(uname -m)" = aarch64 ] || command -v qemu-aarch64 >/dev/null || command -v qemu-aarch64-static >/dev/null ||
    echo "qemu-aarch64 (runs the arm64 tests)"
}

# quietly runs a step with a dot every two seconds, and shows its output only when it fails.
quietly() {
  local what=$1 log pid start=$SECONDS
  shift
  log=$(mktemp)
  printf 'deps: %s ' "$what"
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.5
    (((SECONDS - start) % 2)) || printf .
  done
  if wait "$pid"; then
    echo " $((SECONDS - start)) s"
    rm -f "$log"
  else
    printf ' failed:\n'
    cat "$log"
    rm -f "$log"
    return 1
  fi
}

lacks=$(missing)
if [ -z "$lacks" ]; then
  echo "deps: nothing is missing, DPDK $(pkg-config --modversion libdpdk)"
  exit 0
fi
printf 'deps: missing: %s\n' "${lacks//$'\n'/; }"

if ! command -v apt-get >/dev/null; then
  {
    echo "deps: this is not Debian. Install the missing parts. The packages of Debian are"
    echo "    ${packages[*]}"
    echo "and those of Fedora are dpdk-devel dpdk-tools pkgconf-pkg-config gcc glibc-devel qemu-user iputils tcpdump bind-utils."
  } >&2
  exit 1
fi

as_root=()
if [ "$(id -u)" != 0 ]; then
  # Ask for the password here, not in the middle of the dots.
  if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || sudo -v; }; then
    {
      echo "deps: only root can install packages, and sudo does not work here. As root type:"
      echo "    apt-get update && apt-get install --no-install-recommends ${packages[*]}"
    } >&2
    exit 1
  fi
  as_root=(sudo)
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120)
quietly "reading the package lists" "${apt[@]}" update
quietly "installing ${packages[*]} (100 to 200 MB)" "${apt[@]}" install --no-install-recommends "${packages[@]}"
command -v dpdk-telemetry.py >/dev/null || quietly "installing dpdk" "${apt[@]}" install --no-install-recommends dpdk

lacks=$(missing)
if [ -n "$lacks" ]; then
  printf 'deps: apt is done, but still missing: %s\n' "${lacks//$'\n'/; }" >&2
  exit 1
fi
echo "deps: ready, DPDK $(pkg-config --modversion libdpdk)"
