#!/usr/bin/env bash
# kernel.sh FOLDER installs QEMU if it is missing, and unpacks Debian's newest cloud kernel into FOLDER/RELEASE: vmlinuz, the modules
# that the guest loads, and their order (list). It does not install the kernel. It prints the folder.
set -euo pipefail

note() { echo "nic: $*" >&2; }
die() {
  note "$@"
  exit 1
}

[ "$(uname -m)" = x86_64 ] || die "the guest is an x86 machine: not on $(uname -m)"
packages=(qemu-system-x86 kmod cpio xz-utils)
missing() { for c in qemu-system-x86_64 depmod cpio xz; do command -v "$c" >/dev/null || printf '%s ' "$c"; done; }
apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 -o APT::Sandbox::User=root)
lacks=$(missing)
if [ -n "$lacks" ]; then
  command -v apt-get >/dev/null || die "missing: $lacks. The packages of Debian are ${packages[*]}"
  [ "$(id -u)" = 0 ] || die "missing: $lacks. As root type: apt-get update && apt-get install --no-install-recommends ${packages[*]}"
  note "installing ${packages[*]}"
  log=$(mktemp)
  { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${packages[@]}"; } >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
  rm -f "$log"
  lacks=$(missing)
  [ -z "$lacks" ] || die "apt is done, but still missing: $lacks"
fi

# The newest kernel that the package lists know.
newest() { { apt-cache depends linux-image-cloud-amd64 2>/dev/null || true; } | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1; }
package=$(newest)
if [ -z "$package" ]; then
  "${apt[@]}" update >/dev/null 2>&1 || true
  package=$(newest)
  [ -n "$package" ] || die "apt does not know linux-image-cloud-amd64"
fi
release=${package#linux-image-}
# From Debian 14 on it only depends on the kernel, the modules, and their lists, which are packages of their own.
parts() { apt-cache depends "$package" | sed -n "s/^ *Depends: \(linux-[a-z]*-$release\)\$/\1/p"; }
modules="virtio_pci virtio_console virtio_net vmxnet3 vfio_iommu_type1 vfio-pci uio_pci_generic tun cls_flower sch_ingress sch_multiq act_skbedit act_mirred act_gact xfrm_user nfnetlink"
dir=$1/$release-$(cksum <<<"$modules" | cut -d' ' -f1)
if [ ! -e "$dir" ]; then
  mkdir -p "$1"
  work=$(mktemp -d "$1/unpack.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  note "downloading $package"
  download() { "${apt[@]}" download "$package" $(parts); }
  (cd "$work" && { download || { "${apt[@]}" update && download; }; } >log 2>&1) || {
    cat "$work/log" >&2
    exit 1
  }
  for deb in "$work"/*.deb; do dpkg-deb -x "$deb" "$work/root"; done
  [ -d "$work/root/lib/modules" ] || { mkdir -p "$work/root/lib" && mv "$work/root/usr/lib/modules" "$work/root/lib/"; }
  mkdir -p "$work/root/usr/lib"
  [ -e "$work/root/usr/lib/modules" ] || ln -s ../../lib/modules "$work/root/usr/lib/modules" # where newer releases of kmod look
  depmod -b "$work/root" "$release"
  mkdir "$work/kernel"
  vmlinuz=$work/root/boot/vmlinuz-$release
  [ -e "$vmlinuz" ] || vmlinuz=$work/root/lib/modules/$release/vmlinuz # Debian 14
  mv "$vmlinuz" "$work/kernel/vmlinuz"
  # modprobe prints what it would load. Only its own dependencies count, not the configuration of this machine.
  for m in $modules; do
    modprobe -C /dev/null -d "$work/root" -S "$release" --show-depends "$m"
  done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' >"$work/modules"
  while read -r module; do
    cp "$module" "$work/kernel/"
    name=$(basename "$module")
    case $name in *.xz) xz -d "$work/kernel/$name" ;; *.ko) ;; *) die "$name: unknown compression" ;; esac
    echo "${name%.xz}" >>"$work/kernel/list"
  done <"$work/modules"
  mv -T "$work/kernel" "$dir" 2>/dev/null || [ -e "$dir/list" ] # another make was faster
fi
echo "$dir"
