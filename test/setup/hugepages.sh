#!/usr/bin/env bash
# hugepages.sh [N]: makes sure that N (512) free 2 MiB hugepages and a hugetlbfs mount exist. It only ever adds pages.
set -euo pipefail

need=${1:-512}
pool=/sys/kernel/mm/hugepages/hugepages-2048kB
mountpoint=/dev/hugepages

die() {
  printf 'hugepages: %s\n' "$@" >&2
  exit 1
}

[[ $need =~ ^[0-9]+$ ]] || die "HUGEPAGES must be a number, not '$need'"
[ -d "$pool" ] || die "this kernel has no 2 MiB hugepages ($pool is missing)"

# /proc/sys is what containers can write, when they can write anything; it counts pages of the default size.
knob=/proc/sys/vm/nr_hugepages
grep -q '^Hugepagesize: *2048 kB' /proc/meminfo || knob=$pool/nr_hugepages

# free is what nobody holds: a page that is reserved by a mapping but not touched yet still counts as free_hugepages.
free() { echo $(($(<"$pool/free_hugepages") - $(<"$pool/resv_hugepages"))); }
mounted() { awk '$3 == "hugetlbfs" && $4 ~ /pagesize=2M/ { print $2; exit }' /proc/self/mounts; }
target() { echo $(($(<"$pool/nr_hugepages") + need - $(free))); }

typed=()
[ "$(free)" -ge "$need" ] || typed+=("sudo sh -c 'echo $(target) > $knob'")
[ -n "$(mounted)" ] || typed+=("sudo sh -c 'mkdir -p $mountpoint && mount -t hugetlbfs -o pagesize=2M nodev $mountpoint'")

if [ ${#typed[@]} -gt 0 ] && [ "$(id -u)" != 0 ]; then
  die "$(free) of $need 2 MiB pages are free, hugetlbfs mount: $(mounted | grep . || echo none). Only root can change that. Type:" \
    "${typed[@]/#/    }"
fi

if [ "$(free)" -lt "$need" ]; then
  lacking=$((need - $(free)))
  available=$(awk '/^MemAvailable/ { print int($2 / 2048) }' /proc/meminfo)
  less="Ask for less, as in: make hugepages HUGEPAGES=256"
  [ "$lacking" -lt "$available" ] ||
    die "$lacking more 2 MiB pages are needed, but the machine has memory for only $available. $less"

  echo "hugepages: $(free) free, raising the pool by $lacking (2 MiB each)"
  before=$(<"$pool/nr_hugepages")
  (target >"$knob") 2>/dev/null || die "cannot write $knob (a container?). On the host type:" "    ${typed[0]}"
  if [ "$(free)" -lt "$need" ]; then # memory may only be fragmented: tidy it and ask once more
    (echo 1 >/proc/sys/vm/compact_memory) 2>/dev/null || true
    (target >"$knob") 2>/dev/null || true
  fi
  got=$(free)
  if [ "$got" -lt "$need" ]; then
    echo "$before" >"$knob"
    die "the kernel has only $got of $need free 2 MiB pages to give; its memory is too fragmented. The pool is back at $before." \
      "Boot with hugepages=$need on the kernel's command line. $less"
  fi
fi

if [ -z "$(mounted)" ]; then
  echo "hugepages: mounting hugetlbfs on $mountpoint"
  { mkdir -p "$mountpoint" && mount -t hugetlbfs -o pagesize=2M nodev "$mountpoint"; } ||
    die "cannot mount hugetlbfs (a container?). Start it with -v /dev/hugepages:/dev/hugepages, or with --cap-add=SYS_ADMIN"
  [ -n "$(mounted)" ] || die "mounted hugetlbfs on $mountpoint, but /proc/self/mounts does not list it"
fi

echo "hugepages: $(free) of $(<"$pool/nr_hugepages") free, hugetlbfs on $(mounted)"
