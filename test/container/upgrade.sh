#!/usr/bin/env bash
# upgrade.sh IMAGE [TIMES]: starts upgrade.yml and replaces each container while packets flow: TIMES (3) times each worker by
# SIGKILL, TIMES times in order, and once the holder by SIGKILL. It prints the packets lost and the milliseconds without
# traffic of each replacement. It fails if a packet is lost in a replacement in order, or when the worker
# between the rings is killed, if a packet comes twice or damaged, if a replaced worker does not work, or if a container
# does not end with 0.
set -euo pipefail
cd "$(dirname "$0")"

image=${1:?which image?}
times=${2:-3}
patience=120 # seconds for any one step
name=godpdk-upgrade$$
workers=(rx work tx)

die() {
  printf 'upgrade: %s\n' "$@" >&2
  exit 1
}
docker version >/dev/null 2>&1 || die "the Docker daemon does not answer: $(docker version 2>&1 | tail -1)"
docker image inspect "$image" >/dev/null 2>&1 || die "image $image does not exist: run 'make docker'"
free=$(awk '/^HugePages_Free/ { f = $2 } /^HugePages_Rsvd/ { r = $2 } END { print f - r }' /proc/meminfo)
[ "$free" -ge 128 ] || die "$free 2 MiB hugepages are free, 128 are needed for two holders: run 'make hugepages'"
if docker compose version >/dev/null 2>&1; then
  tool=(docker compose)
elif command -v docker-compose >/dev/null; then
  tool=(docker-compose)
else
  die "neither 'docker compose' nor docker-compose is installed: install docker-compose-plugin or docker-compose"
fi
export GODPDK_IMAGE=$image
tool+=(-f upgrade.yml -p "$name")
tidy() {
  local out
  out=$("${tool[@]}" down -v -t 1 2>&1) || printf 'upgrade: containers or volumes of %s are left: %s\n' "$name" "$(tail -3 <<<"$out")" >&2
}
trap tidy EXIT

logs() { docker logs "${ids[$1]}" 2>&1; }
count() { logs "$1" | grep -cE "$2" || true; }

# until_seen SERVICE COUNT PATTERN: waits until COUNT lines of the service's log match PATTERN.
until_seen() {
  local end=$((SECONDS + patience))
  while [ "$(count "$1" "$3")" -lt "$2" ]; do
    [ "$SECONDS" -lt "$end" ] || die "$1 has not printed '$3' $2 times within $patience s:" "$(logs "$1" | tail -20)"
    sleep 0.1
  done
}

sums='^[0-9]+ sent, ([0-9]+) lost, ([0-9]+) came twice, ([0-9]+) damaged, ([0-9]+) ms without traffic$'
# lost prints the packets lost so far.
lost() { logs traffic | sed -nE "s/$sums/\1/p" | tail -1; }

# replace WORKER kill|stop: replaces a worker, and prints what that cost.
replace() {
  local lines before works gap
  lines=$(count traffic "$sums") works=$(count "$1" '^works ') before=$(lost)
  if [ "$2" = kill ]; then
    docker kill -s KILL "${ids[$1]}" >/dev/null
    docker wait "${ids[$1]}" >/dev/null
  else
    docker stop -t "$patience" "${ids[$1]}" >/dev/null
    [ "$(docker wait "${ids[$1]}")" = 0 ] || die "$1 did not end with 0:" "$(logs "$1" | tail -20)"
  fi
  docker start "${ids[$1]}" >/dev/null
  until_seen "$1" $((works + 1)) '^works '
  until_seen traffic $(($(count traffic "$sums") + 2)) "$sums" # the packets that were on their way have come
  gap=$(logs traffic | sed -nE "s/$sums/\4/p" | tail -n +$((lines + 1)) | sort -n | tail -1)
  printf '%-5s %-5s %6d packets lost, %6d ms without traffic\n' "$1" "$2" $(($(lost) - before)) "$gap"
  # A worker at a port can lose the burst that the driver had when it was killed.
  [ "$1 $2" = "rx kill" ] || [ "$1 $2" = "tx kill" ] || [ "$(lost)" = "$before" ] || die "$1 was replaced ($2), and packets were lost"
}

"${tool[@]}" up -d 2>&1 | grep -v '^Creating\|done$' || true
declare -A ids
for s in holder1 holder2 "${workers[@]}" traffic; do ids[$s]=$("${tool[@]}" ps -q "$s") && [ -n "${ids[$s]}" ] || die "compose did not start $s"; done
until_seen traffic 1 '^first '
active=holder1 standby=holder2
[ "$(count holder1 '^holder: ready')" = 1 ] || active=holder2 standby=holder1
for w in "${workers[@]}"; do until_seen "$w" 1 '^works '; done
until_seen traffic 2 "$sums"

for ((i = 1; i <= times; i++)); do
  for w in "${workers[@]}"; do
    replace "$w" kill
    replace "$w" stop
  done
done

docker kill -s KILL "${ids[$active]}" >/dev/null
until_seen "$standby" 1 '^holder: ready '
logs "$standby" | grep '^holder: ready '
until_seen traffic 1 '^last '
for s in "${workers[@]}" traffic; do
  [ "$(docker wait "${ids[$s]}")" = 0 ] || die "$s did not end with 0 when the holder had gone:" "$(logs "$s" | tail -20)"
  docker start "${ids[$s]}" >/dev/null
done
until_seen traffic 2 '^first '
from=$(logs traffic | sed -n 's/^last //p' | tail -1) to=$(logs traffic | sed -n 's/^first //p' | tail -1)
echo "holder kill: $(((to - from) / 1000000)) ms without traffic"

wrong=$(logs traffic | sed -nE "s/$sums/\2 came twice, \3 damaged/p" | grep -v '^0 came twice, 0 damaged$' | tail -1 || true)
[ -z "$wrong" ] || die "packets: $wrong"

for s in traffic "${workers[@]}" "$standby"; do
  docker stop -t "$patience" "${ids[$s]}" >/dev/null
  code=$(docker wait "${ids[$s]}")
  [ "$code" = 0 ] || die "$s ended with $code:" "$(logs "$s" | tail -20)"
done
echo "upgrade: each container was replaced: $times times by SIGKILL, $times times in order, the holder once"
