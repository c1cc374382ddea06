#!/usr/bin/env bash
# static.sh: runs a static program in a container that contains nothing else, as root and without capabilities except SYS_NICE. The
# program uses virtual ports and a second process. The script prints the program's size and the time that EAL takes to start.
# Without a Docker daemon the program runs on the host.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d) image=godpdk-static$$
trap 'rm -rf "$work"' EXIT
go build -tags godpdk_static -ldflags '-s -w -extldflags -static' -o "$work/smoke" ./smoke
echo "static: $(stat -c %s "$work/smoke" | numfmt --to=iec), stripped"

if ! docker version >/dev/null 2>&1; then
  echo "static: no Docker daemon answers: running without a container"
  "$work/smoke"
  exit
fi
printf 'FROM scratch\nCOPY smoke /smoke\n' >"$work/Dockerfile"
docker build -q -t "$image" "$work" >"$work/build" 2>&1 || { cat "$work/build" >&2; exit 1; }
trap 'docker rmi -f "$image" >/dev/null; rm -rf "$work"' EXIT
docker run --rm --network none --cap-drop ALL --cap-add SYS_NICE --security-opt no-new-privileges --read-only --tmpfs /var/run \
  -v /dev/hugepages:/dev/hugepages "$image" /smoke
