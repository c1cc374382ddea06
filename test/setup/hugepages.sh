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

# free prints the number of unused pages: free_hugepages also counts pages that a mapping has reserved and not touched.
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

# More than one try: other processes may take pages meanwhile, and after compaction the kernel may find more pages. The new
# pages stay in the pool even if they are too few: removing them could remove pages that another process has reserved.
for _ in 1 2 3; do
  lacking=$((need - $(free)))
  [ "$lacking" -gt 0 ] || break
  available=$(awk '/^MemAvailable/ { print int($2 / 2048) }' /proc/meminfo)
  [ "$lacking" -lt "$available" ] ||
    die "$lacking more 2 MiB pages are needed, but the machine has memory for only $available." \
      "Ask for less, as in: make hugepages HUGEPAGES=256"
  echo "hugepages: $(free) free, raising the pool by $lacking (2 MiB each)"
  want=$(target)
  (echo "$want" >"$knob") 2>/dev/null || die "cannot write $knob (a container?). On the host type:" "    sudo sh -c 'echo $want > $knob'"
  [ "$(<"$pool/nr_hugepages")" -ge "$want" ] || (echo 1 >/proc/sys/vm/compact_memory) 2>/dev/null || true
done
if [ "$(free)" -lt "$need" ]; then
  if [ "$(<"$pool/nr_hugepages")" -lt "$want" ]; then
    die "the kernel gave only $(<"$pool/nr_hugepages") of $want 2 MiB pages; its memory is too fragmented. $(free) are free, $need are needed." \
      "Boot with hugepages=$want on the kernel's command line, or ask for less: make hugepages HUGEPAGES=256"
  fi
  die "$(free) of $(<"$pool/nr_hugepages") 2 MiB pages are free, $need are needed: other processes take new pages at once. Stop those processes, or run make hugepages again."
fi

if [ -z "$(mounted)" ]; then
  echo "hugepages: mounting hugetlbfs on $mountpoint"
  { mkdir -p "$mountpoint" && mount -t hugetlbfs -o pagesize=2M nodev "$mountpoint"; } ||
    die "cannot mount hugetlbfs (a container?). Start it with -v /dev/hugepages:/dev/hugepages, or with --cap-add=SYS_ADMIN"
  [ -n "$(mounted)" ] || die "mounted hugetlbfs on $mountpoint, but /proc/self/mounts does not list it"
fi

echo "hugepages: $(free) of $(<"$pool/nr_hugepages") free, hugetlbfs on $(mounted)"
