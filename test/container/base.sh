#!/usr/bin/env bash
# base.sh IMAGE...: makes sure that Docker has the images that a build starts from, debian:SUITE-slim and golang:VERSION-SUITE.
# It keeps an image that Docker has, and pulls an image that a registry has. Without a registry it makes an image of the same
# name, so that the same Dockerfile works: Debian with debootstrap, signed by Debian's archive, and Go copied from this
# machine. The images that it makes trust this machine's own certificates (/usr/local/share/ca-certificates).
set -euo pipefail

die() {
  printf 'base: %s\n' "$@" >&2
  exit 1
}
[ $# -gt 0 ] || die "which image? As in: test/container/base.sh debian:bookworm-slim golang:1.26-bookworm"
docker version >/dev/null 2>&1 || die "the Docker daemon does not answer: $(docker version 2>&1 | tail -1)"

made_by='LABEL org.opencontainers.image.source="made by test/container/base.sh, no registry could be reached"'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

here() { docker image inspect "$1" >/dev/null 2>&1; }

# debian IMAGE SUITE
debian() {
  local image=$1 suite=$2 root=$work/root mirror script=()
  [ "$(id -u)" = 0 ] || die "$image cannot be pulled, and only root can make it with debootstrap"
  command -v debootstrap >/dev/null || die "$image cannot be pulled. Run 'apt-get install debootstrap' to make it on this machine"
  mirror=$(cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | awk '$1 == "URIs:" || $1 == "deb" { print $2; exit }') || true
  [ -e "/usr/share/debootstrap/scripts/$suite" ] || script=(/usr/share/debootstrap/scripts/sid) # newer than this debootstrap
  echo "base: no registry has $image; making it with debootstrap (about a minute)"
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "${mirror:=http://deb.debian.org/debian}" "${script[@]}" >"$work/log" 2>&1 ||
    { tail -5 "$work/log" >&2 && die "debootstrap $suite failed"; }

  local suites=$suite
  case $suite in
  bookworm | trixie) suites="$suite $suite-updates" ;;
  # The package lists of an unreleased Debian expire within a week, and a mirror may be older.
  *) printf 'Acquire::Check-Valid-Until "false";\nAcquire::Check-Date "false";\n' >"$root/etc/apt/apt.conf.d/99testing" ;;
  esac
  : >"$root/etc/apt/sources.list"
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
    "$mirror" "$suites" >"$root/etc/apt/sources.list.d/debian.sources"
  cp -a /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
  chroot "$root" update-ca-certificates >/dev/null 2>&1
  rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/archives/*.deb
  tar -C "$root" --numeric-owner -c . | docker import -c "$made_by" -c 'CMD ["bash"]' - "$image" >/dev/null
  rm -rf "$root"
}

# golang IMAGE VERSION SUITE
golang() {
  local image=$1 version=$2 base=debian:$3-slim goroot
  command -v go >/dev/null || die "$image cannot be pulled, and this machine has no Go to make it of"
  [[ $(go env GOVERSION) =~ ^go$version(\.|$) ]] || die "$image cannot be pulled, and this machine's Go is $(go env GOVERSION): set GO_VERSION"
  have "$base"
  echo "base: no registry has $image; making it of $base and $(go env GOVERSION) of this machine"
  goroot=$(go env GOROOT)
  printf 'FROM %s\n%s\nENV PATH=/usr/local/go/bin:$PATH\nCOPY . /usr/local/go\n' "$base" "$made_by" >"$work/Dockerfile.go"
  tar -c -C "$work" Dockerfile.go -C "$goroot" bin go.env lib pkg src VERSION | docker build -q -t "$image" -f Dockerfile.go - >/dev/null
}

have() {
  here "$1" && return
  timeout 300 docker pull -q "$1" >/dev/null 2>&1 && return
  if [[ $1 =~ ^debian:([a-z]+)-slim$ ]]; then
    debian "$1" "${BASH_REMATCH[1]}"
  elif [[ $1 =~ ^golang:([0-9.]+)-([a-z]+)$ ]]; then
    golang "$1" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
  else
    die "$1 cannot be pulled, and base.sh makes only debian:SUITE-slim and golang:VERSION-SUITE"
  fi
}

for image; do have "$image"; done
