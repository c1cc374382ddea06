#!/usr/bin/env bash
# run.sh IMAGE [containers|compose]: runs examples/rings as three containers over one hugepage group, with the capabilities
# SYS_NICE and IPC_LOCK only. It kills both workers and starts them again while more than a million messages go each way, and
# fails if a message is lost: first with plain docker commands, then as a compose file.
set -euo pipefail
cd "$(dirname "$0")"

image=${1:?which image?}
kills=3
messages=1000000
patience=120 # seconds for any one step
name=godpdk-run$$
volume_options="uid=10001,gid=10001,mode=0700" # the image's user

die() {
  printf 'run: %s\n' "$@" >&2
  exit 1
}
docker version >/dev/null 2>&1 || die "the Docker daemon does not answer: $(docker version 2>&1 | tail -1)"
docker image inspect "$image" >/dev/null 2>&1 || die "image $image does not exist: run 'make docker'"
free=$(awk '/^HugePages_Free/ { f = $2 } /^HugePages_Rsvd/ { r = $2 } END { print f - r }' /proc/meminfo)
[ "$free" -ge 64 ] || die "$free 2 MiB hugepages are free, 64 are needed: run 'make hugepages'"

cpus=$(nproc)
export WORKER1_CPU=$((1 % cpus)) WORKER2_CPU=$((2 % cpus)) SECONDS_TO_SEND=0 GODPDK_IMAGE=$image

# until_seen WHAT COUNT PATTERN COMMAND...: polls COMMAND until COUNT lines of it match PATTERN.
until_seen() {
  local what=$1 count=$2 pattern=$3 end=$((SECONDS + patience))
  shift 3
  while [ "$("$@" 2>&1 | grep -cE "$pattern")" -lt "$count" ]; do
    [ "$SECONDS" -lt "$end" ] || die "no $what within $patience s:" "$("$@" 2>&1 | tail -20)" "the primary:" "$(logs primary | tail -5)"
    sleep 0.1
  done
}

# storm kills each worker several times while it works, and ends when both have answered enough.
# The callers define logs, kill_one, start_one, stop_primary and exit_code for their kind of containers.
storm() {
  for w in 1 2; do until_seen "worker $w" 1 "worker $w: attached" logs "worker$w"; done
  for ((i = 1; i <= kills; i++)); do
    for w in 1 2; do
      lines=$(logs primary | grep -c 'in all' || true)
      until_seen "answers" $((lines + 1)) 'in all' logs primary
      kill_one "worker$w"
      start_one "worker$w"
      until_seen "worker $w after kill $i" $((i + 1)) "worker $w: attached" logs "worker$w"
    done
  done
  # seven digits are a million
  until_seen "$messages messages each way" 1 'worker 1 .*, [0-9]{7,} in all  worker 2 .*, [0-9]{7,} in all' logs primary
  stop_primary
  until_seen "summary" 1 'summary:' logs primary
  logs primary | tail -3
  for c in primary worker1 worker2; do
    code=$(exit_code "$c")
    [ "$code" = 0 ] || die "$c ended with $code:" "$(logs "$c" | tail -20)"
  done
  logs primary | grep -q 'lost 0, damaged 0' || die "messages were lost"
  for w in 1 2; do
    logs primary | grep -q "worker $w: .* started $((kills + 1)) times" || die "worker $w was not started $((kills + 1)) times"
  done
}

containers() {
  local least=(--network none --cap-drop ALL --security-opt no-new-privileges --read-only)
  local common=("${least[@]}" --cap-add SYS_NICE --cap-add IPC_LOCK --pid "container:$name-group"
    -v "$name-hugepages:/dev/hugepages" -v "$name-run:/run/dpdk")
  tidy() {
    docker rm -f "$name"-primary "$name"-worker1 "$name"-worker2 "$name"-group >/dev/null 2>&1 || true
    docker volume rm "$name-hugepages" "$name-run" >/dev/null 2>&1 || true
  }
  trap tidy EXIT
  docker volume create -o type=hugetlbfs -o device=none -o "o=pagesize=2M,$volume_options" "$name-hugepages" >/dev/null
  docker volume create -o type=tmpfs -o device=none -o "o=size=64M,$volume_options" "$name-run" >/dev/null
  logs() { docker logs "$name-$1" 2>&1; }
  kill_one() { docker kill -s KILL "$name-$1" >/dev/null && docker wait "$name-$1" >/dev/null; }
  start_one() { docker start "$name-$1" >/dev/null; }
  stop_primary() { docker stop -t "$patience" "$name-primary" >/dev/null; }
  exit_code() { docker wait "$name-$1"; }

  # This container holds the pid namespace: EAL names files by process id, and in separate namespaces each process would be 1.
  docker run -d --init --name "$name-group" "${least[@]}" "$image" sleep infinity >/dev/null
  docker run -d --name "$name-primary" "${common[@]}" "$image" rings --proc-type=primary --file-prefix=demo --no-pci -m 64 \
    --lcores=0@0 -- -seconds 0 >/dev/null
  for w in 1 2; do
    docker run -d --name "$name-worker$w" "${common[@]}" "$image" rings --proc-type=secondary --file-prefix=demo --no-pci \
      --lcores=$w@$((w % cpus)) -- -worker $w >/dev/null
  done
  storm
  tidy
}

compose() {
  if docker compose version >/dev/null 2>&1; then
    tool=(docker compose)
  elif command -v docker-compose >/dev/null; then
    tool=(docker-compose)
  else
    die "neither 'docker compose' nor docker-compose is installed: install docker-compose-plugin or docker-compose, or run 'test/container/run.sh $image containers'"
  fi
  tool+=(-f compose.yml -p "$name")
  tidy() { "${tool[@]}" down -v -t 1 >/dev/null 2>&1 || true; }
  trap tidy EXIT
  id() { "${tool[@]}" ps -q "$1"; }
  logs() { docker logs "${ids[$1]}" 2>&1; }
  kill_one() { "${tool[@]}" kill -s SIGKILL "$1" >/dev/null 2>&1 && docker wait "${ids[$1]}" >/dev/null; }
  start_one() { "${tool[@]}" start "$1" >/dev/null 2>&1; }
  stop_primary() { "${tool[@]}" stop primary >/dev/null 2>&1; }
  exit_code() { docker wait "${ids[$1]}"; }

  "${tool[@]}" up -d 2>&1 | grep -v '^Creating\|done$' || true
  declare -A ids
  for c in primary worker1 worker2; do ids[$c]=$(id "$c") && [ -n "${ids[$c]}" ] || die "compose did not start $c"; done
  storm
  tidy
}

case ${2:-both} in
both)
  containers
  compose
  ;;
containers | compose) "$2" ;;
*) die "containers or compose, not '$2'" ;;
esac
