#!/usr/bin/env bash
# matrix.sh [RELEASE...]: runs make test (or the command in TEST, as in TEST='make check') over 22.11, 24.11 and 25.11, each in a
# container of the Debian release that has it, and writes the results into README.md's table of supported versions.
set -euo pipefail
cd "$(dirname "$0")/../.."

declare -A suites=([22.11]=bookworm [24.11]=trixie [25.11]=forky) debians=([22.11]=12 [24.11]=13 [25.11]=testing)
releases=("$@")
[ $# -gt 0 ] || releases=(22.11 24.11 25.11)
for r in "${releases[@]}"; do
  [ -n "${suites[$r]:-}" ] || { echo "matrix: no Debian release is known for DPDK '$r': use 22.11, 24.11 or 25.11" >&2; exit 1; }
done
go_image=golang:${GO_VERSION:=1.26}-bookworm
logs=bin/matrix
mkdir -p "$logs"

# record RELEASE ROW: writes the row into the table, in place of the release's old row.
record() {
  local new
  new=$(mktemp)
  awk -v release="$1" -v row="$2" '
    /^<!-- make test-matrix -->/ { in_table = 1 }
    /^<!-- end -->/ && in_table { if (!done) print row; in_table = 0 }
    in_table && split($0, cell, / *\| */) > 2 && cell[2] ~ /^[0-9]+\.[0-9]+/ {
      this = substr(cell[2], 1, 5)
      if (!done && this >= release) { print row; done = 1 }
      if (this == release) next
    }
    { print }' README.md >"$new"
  cat "$new" >README.md
  rm -f "$new"
}

failed=0
for r in "${releases[@]}"; do
  base=debian:${suites[$r]}-slim image=godpdk:debian-${suites[$r]} log=$logs/$r.log
  echo "== DPDK $r, Debian ${debians[$r]} (${suites[$r]}); log: $log"
  test/container/base.sh "$base" "$go_image"
  args=(--build-arg "BASE=$base" --build-arg "GO_IMAGE=$go_image")
  for v in GOPROXY GOSUMDB GONOSUMDB; do [ -z "${!v:-}" ] || args+=(--build-arg "$v"); done
  docker build -q "${args[@]}" -t "$image" -f test/container/Dockerfile.debian . >"$log" 2>&1 || { tail -20 "$log" >&2; exit 1; }
  versions=$(docker run --rm "$image" sh -c 'pkg-config --modversion libdpdk; go env GOVERSION')
  read -r -d '' dpdk go <<<"$versions" || true

  status=0
  if [ -n "${TEST:-}" ]; then
    test/container/test.sh "$image" sh -c "$TEST" 2>&1 | tee -a "$log" || status=$?
  else
    test/container/test.sh "$image" make test 2>&1 | tee -a "$log" || status=$?
    good=$(grep -c '^ok  ' "$log" || true) bad=$(grep -c '^FAIL\s.*/' "$log" || true)
    outcome="$good packages passed"
    [ "$status" = 0 ] || outcome="**$bad packages failed**, $good passed"
    record "$r" "| $dpdk | ${debians[$r]} (${suites[$r]}) | ${go#go} | $outcome | $(date -u +%F) |"
  fi
  [ "$status" = 0 ] || failed=1
done
exit $failed
