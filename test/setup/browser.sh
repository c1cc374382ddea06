#!/usr/bin/env bash
# browser.sh installs a headless Chromium and tmux, which the tests of examples/top need, if they are missing.
set -euo pipefail

missing=()
command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || command -v google-chrome >/dev/null ||
  missing+=(chromium-headless-shell fonts-dejavu-core)
command -v tmux >/dev/null || missing+=(tmux)
[ ${#missing[@]} -gt 0 ] || exit 0

# Debian 12 and later have these packages.
install="apt-get install --no-install-recommends -y -q ${missing[*]}"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "browser: missing: ${missing[*]}. As root type: apt-get update && $install" >&2
  exit 1
fi
echo "browser: installing ${missing[*]} (60 to 130 MB)"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
{ apt-get -q update && $install; } >"$log" 2>&1 </dev/null || { cat "$log" >&2; exit 1; }
