#!/usr/bin/env bash
# static.sh [--debug] [PREFIX]: makes PREFIX/lib/pkgconfig/libdpdk-static.pc (or libdpdk-static-debug.pc) and the archive it
# names, from the DPDK that pkg-config finds. PREFIX is /usr/local, where pkg-config looks by itself.
#
# In DPDK's own profile the drivers hang on -Wl,--whole-archive, because nothing refers to them but their constructors,
# and the go command refuses that flag. Here they are pre-linked into one object: a program that needs one function of it gets all.
# DRIVERS lists them, with meson's names (net/ring) or those of the archives (net_ring). The parts of DPDK that they need are
# included. A driver that needs a library without an archive is left out, and named.
set -euo pipefail

name=libdpdk-static strip=(--strip-debug)
if [ "${1:-}" = --debug ]; then
  name=libdpdk-static-debug strip=()
  shift
fi
prefix=${1:-/usr/local}
read -ra drivers <<<"$(tr ',/' ' _' <<<"${DRIVERS:-bus/pci bus/vdev mempool/ring mempool/stack net/af_packet net/af_xdp net/bond \
  net/e1000 net/memif net/null net/pcap net/ring net/tap net/vhost net/virtio net/vmxnet3}")"
core=(eal kvargs telemetry log argparse ring rcu mempool mbuf net meter ethdev timer)

libdir=$(pkg-config --variable=libdir libdpdk)
version=$(pkg-config --modversion libdpdk)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
die() {
  echo "static: $*" >&2
  exit 1
}
[ -e "$libdir/librte_eal.a" ] || die "DPDK $version in $libdir has no archives (librte_eal.a): Debian's libdpdk-dev has, as has meson --default-library=both"

archive() { [ ! -e "$libdir/librte_$1.a" ] || echo "$libdir/librte_$1.a"; }

# The libraries outside DPDK, in the order of its profile, as far as there are archives of them.
others=()
for flag in $(pkg-config --static --libs-only-l libdpdk); do
  case $flag in -lrte_* | -lpthread | -ldl | -lrt | -lm) continue ;; esac
  [[ " ${others[*]} " == *" $flag "* ]] || [ "$(cc -print-file-name="lib${flag#-l}.a")" = "lib${flag#-l}.a" ] || others+=("$flag")
done
others+=(-lm)

# links pre-links the drivers with the parts of DPDK that they need. It reports whether a static program can be linked, and
# which other libraries that needs.
echo 'extern int rte_eal_init(int, char **); int main(int n, char **v) { return rte_eal_init(n, v); }' >"$work/main.c"
links() {
  local whole=()
  for l in "${core[@]}" "${chosen[@]}"; do whole+=($(archive "$l")); done
  ld -r "${strip[@]}" -o "$work/dpdk.o" --whole-archive "${whole[@]}" --no-whole-archive --start-group "$libdir"/librte_*.a --end-group
  cc -static -o "$work/main" "$work/main.c" "$work/dpdk.o" -Wl,--start-group "${others[@]}" -Wl,--end-group -Wl,-Map="$work/map" 2>"$work/errors"
}

chosen=() skipped=()
for d in "${drivers[@]}"; do
  if [ -n "$(archive "$d")" ]; then chosen+=("$d"); else skipped+=("$d (no archive)"); fi
done
# The drivers that need libraries outside DPDK of which some have no archive.
for d in none net_pcap net_af_xdp; do
  if [ "$d" != none ]; then
    skipped+=("$d ($(grep -o 'undefined reference to .*' "$work/errors" | head -1 || true))")
    read -ra chosen <<<"$(printf '%s\n' "${chosen[@]}" | grep -vx "$d" | tr '\n' ' ')"
  fi
  ! links || break
  [ "$d" != net_af_xdp ] || die "a static program does not link: $(tail -5 "$work/errors")"
done

needs=(-lm) # a linker script where it is an archive, so the map does not name it
for l in "${others[@]}"; do
  if grep -qE "^[^ ]*/lib${l#-l}\.a\(" "$work/map"; then needs+=("$l"); fi
done
# A folder of its own for each content, so that no cache takes one for another.
dir=$prefix/lib/godpdk/$version-$(cksum <"$work/dpdk.o" | cut -d' ' -f1)
mkdir -p "$dir" "$prefix/lib/pkgconfig"
rm -f "$work/$name.a"
ar rcs "$work/$name.a" "$work/dpdk.o"
mv "$work/$name.a" "$dir/$name.a"
cat >"$work/pc" <<END
Name: $name
Description: DPDK pre-linked for Go: ${chosen[*]}
Version: $version
Libs: -L$dir -Wl,--start-group -l${name#lib} ${needs[*]} -Wl,--end-group
Cflags: $(pkg-config --cflags-only-I libdpdk) ${DEFINES:-}
END
mv "$work/pc" "$prefix/lib/pkgconfig/$name.pc"
echo "static: $prefix/lib/pkgconfig/$name.pc: DPDK $version, $(du -h "$dir/$name.a" | cut -f1): ${chosen[*]}"
[ ${#skipped[@]} = 0 ] || echo "static: left out: $(printf '%s; ' "${skipped[@]}")"
