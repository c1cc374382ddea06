#!/usr/bin/env bash
# dpdk.sh builds DPDK from source in an image, with the build arguments of the Dockerfile, and installs it below /out: all
# files in /out/dpdk, the files that a program needs at run time in /out/runtime.
set -euo pipefail

die() {
  printf 'dpdk: %s\n' "$@" >&2
  exit 1
}
mkdir -p /tmp/dpdk && cd /tmp/dpdk

if [ -n "$DPDK_TARBALL" ]; then
  [[ $DPDK_SHA256 =~ ^[0-9a-f]{64}$ ]] || die "DPDK_TARBALL needs DPDK_SHA256, 64 hexadecimal digits"
  curl -fsSL --retry 3 -o tarball "$DPDK_TARBALL"
  echo "$DPDK_SHA256  tarball" | sha256sum -c --quiet - || die "$DPDK_TARBALL does not have the checksum DPDK_SHA256: it has $(sha256sum <tarball)"
  mkdir source && tar -C source --strip-components=1 -xf tarball
else
  # apt checks the source package against the archive's signature, as it does with binaries.
  sed -i 's/^Types: deb$/Types: deb deb-src/' /etc/apt/sources.list.d/debian.sources
  apt-get -q update
  apt-get -q source --download-only dpdk
  dpkg-source -x ./*.dsc source
fi
cd source
version=$(<VERSION)
[[ -z $DPDK_VERSION || $version == "$DPDK_VERSION" || $version == "$DPDK_VERSION".* ]] ||
  die "this is DPDK $version, not $DPDK_VERSION: take the BASE that has it (bookworm 22.11, trixie 24.11, forky 25.11), or DPDK_TARBALL and DPDK_SHA256"

# LIBS are the optional libraries to build. DPDK before 23.11 has only an option for the libraries not to build.
if grep -q "^option('enable_libs'" meson_options.txt; then
  libs=-Denable_libs=$LIBS
else
  optional=$(sed -n "/^optional_libs = \[/,/^\]/s/^ *'\(.*\)',/\1/p" lib/meson.build)
  libs=-Ddisable_libs=$(grep -vxF -f <(tr , '\n' <<<"$LIBS") <<<"$optional" | paste -sd,)
fi
# Static libraries are built either way. With default_library=static the applications would hold all of DPDK, and EAL
# refuses a secondary that knows tail queues which its primary does not.
meson setup build --prefix=/usr/local --buildtype=release -Ddefault_library=shared -Dplatform=generic -Dtests=false \
  -Denable_apps=test-pmd,proc-info,dumpcap,pdump -Denable_drivers="$DRIVERS" "$libs"
ninja -C build
DESTDIR=/out/dpdk meson install -C build --no-rebuild --quiet

cd /out/dpdk
find . \( -name '*.so*' -o -path './usr/local/bin/dpdk-testpmd' \) -type f -exec strip --strip-unneeded {} +
mkdir -p /out/runtime
tar -c usr/local/lib/*/*.so.* usr/local/lib/*/dpdk | tar -C /out/runtime -x
# Debian's names of the packages that hold the libraries DPDK itself needs.
find /out/runtime -name '*.so*' -type f -exec ldd {} + | awk '$2 == "=>" && $3 ~ "^/" { print $3 }' | sort -u |
  xargs -n1 realpath | sed 's|.*/|*/|' | xargs dpkg -S | cut -d: -f1 | sort -u >/out/runtime-packages
rm -rf /tmp/dpdk /var/lib/apt/lists/*
