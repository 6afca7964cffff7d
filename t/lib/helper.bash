# SPDX-License-Identifier: MIT
# What every suite loads. Its setup calls pd_setup, its teardown pd_teardown; then each test runs in
# a folder of its own, must leave no process behind, and all that the programs below wrote to standard
# output, nested calls included, must be valid streams of records. A test whose records are to be bad
# calls "$PD_BIN/pd-gen" itself, past the capture.
# shellcheck shell=bash disable=SC2034,SC2154 # variables for the suites; variables from bats
bats_require_minimum_version 1.5.0

# They write nothing but records, except --help, --version and text formats.
record_programs=(pd-gen pd-exec pd-shrink pd-explain pd-flaky pd-verify)
allow_unknown=()                           # types without schema that a test lets its records have
WAIT_SECONDS=10                            # how long wait_for waits
GRACE_SECONDS=3                            # how long what is to end may take after a test
helper_folder=$(cd "${BASH_SOURCE[0]%/*}" && pwd)

# PD_TEST_BIN in the environment names another build to be tested than bin/.
pd_setup() {
  local bin=${PD_TEST_BIN:-$helper_folder/../../bin} program
  unset -v "${!PD_@}" NO_COLOR http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY
  PD_ROOT=$(cd "$helper_folder/../.." && pwd)
  PD_BIN=$(cd "$bin" && pwd)
  PD_CAPTURE=$BATS_TEST_TMPDIR/.pd/capture
  PD_TEST_ID=$BATS_TEST_TMPDIR
  export PD_ROOT PD_BIN PD_CAPTURE PD_TEST_ID TZ=UTC LC_ALL=C.UTF-8
  servers=() postgres_folders=()
  cd "$BATS_TEST_TMPDIR" && mkdir -p .pd/capture .pd/shims || return
  for program in "${record_programs[@]}"; do
    [[ ! -x $PD_BIN/$program ]] || ln -s "$helper_folder/shims/shim" ".pd/shims/$program"
  done
  PATH=$PWD/.pd/shims:$PD_BIN:$PD_ROOT/build/deps/bin:$PATH
}

# bats has errexit off here: the status is kept by hand.
pd_teardown() {
  local status=0
  [[ ${PD_TEST_ID-} ]] || return 0
  export -n PD_TEST_ID # so that neither we nor what is started from here on
  cd /                 # counts as left over
  stop_servers || status=1
  ((!${#postgres_folders[@]})) || rm -rf "${postgres_folders[@]}"
  end_leftovers || status=1
  validate_captured || status=1
  return "$status"
}

fail() { printf '%s\n' "$@" >&2 && return 1; }

# wait_for COMMAND…: until it succeeds, for WAIT_SECONDS at most.
wait_for() {
  local said=$BATS_TEST_TMPDIR/.pd/wait_for end=$((${EPOCHREALTIME//[.,]/} + WAIT_SECONDS * 1000000))
  until "$@" >"$said" 2>&1; do
    ((${EPOCHREALTIME//[.,]/} < end)) || fail "not within $WAIT_SECONDS s: $*" "$(<"$said")" || return
    sleep 0.02
  done
}

# start_server NAME COMMAND…: in the background, its output in NAME.log; sets SERVER_PID.
start_server() {
  "${@:2}" </dev/null >"$BATS_TEST_TMPDIR/$1.log" 2>&1 3>&- &
  SERVER_PID=$!
  servers+=("$SERVER_PID")
}

# start_listening NAME COMMAND…: a server that takes --port-file FILE; sets SERVER_PID, SERVER_URL.
start_listening() {
  local file=$BATS_TEST_TMPDIR/.pd/port.${#servers[@]}
  start_server "$@" --port-file "$file"
  wait_for has_port_or_ended "$file" "$SERVER_PID" || return
  [[ -s $file ]] || fail "$1 did not start:" "$(<"$BATS_TEST_TMPDIR/$1.log")" || return
  SERVER_URL=http://127.0.0.1:$(<"$file")
}
has_port_or_ended() { [[ -s $1 ]] || ended "$2"; }
ended() { [[ ! -e /proc/$1/exe ]]; } # true of a zombie too

# start_python SCRIPT ARGS…: of t/lib/servers. The others start what their names say.
start_python() { start_listening "${1%.py}" "$helper_folder/servers/${1%.py}.py" "${@:2}"; }
start_toybank() {
  start_listening toybank "$PD_ROOT/contrib/toybank/toybank" --port 0 "$@" && TOYBANK_URL=$SERVER_URL
}
start_counter() {
  start_listening counter "$PD_ROOT/contrib/counter/counter" --port 0 "$@" && COUNTER_URL=$SERVER_URL
}

# Sets REDIS_PORT and REDIS_SOCKET. Tries again when the port was taken after free_port looked.
start_redis() {
  REDIS_SOCKET=$BATS_TEST_TMPDIR/redis.sock
  for _ in 1 2 3 4 5; do
    REDIS_PORT=$(free_port)
    start_server redis redis-server --bind 127.0.0.1 --port "$REDIS_PORT" --unixsocket "$REDIS_SOCKET" \
      --dir "$BATS_TEST_TMPDIR" --save '' --appendonly no "$@"
    wait_for redis_answers_or_ended "$SERVER_PID" || return
    ended "$SERVER_PID" || return 0
  done
  fail "redis did not start:" "$(<"$BATS_TEST_TMPDIR/redis.log")"
}
redis_answers_or_ended() { [[ $(redis-cli -s "$REDIS_SOCKET" PING) == PONG ]] || ended "$1"; }

# Sets ETCD_PORT and ETCD_URL: one member, by itself. Tries again like start_redis.
start_etcd() {
  local peers
  for _ in 1 2 3 4 5; do
    ETCD_PORT=$(free_port) peers=http://127.0.0.1:$(free_port)
    ETCD_URL=http://127.0.0.1:$ETCD_PORT
    start_server etcd etcd --data-dir "$BATS_TEST_TMPDIR/etcd" --logger zap --log-level warn \
      --listen-client-urls "$ETCD_URL" --advertise-client-urls "$ETCD_URL" --listen-peer-urls "$peers" \
      --initial-advertise-peer-urls "$peers" --initial-cluster "default=$peers"
    wait_for etcd_answers_or_ended "$SERVER_PID" || return
    ended "$SERVER_PID" || return 0
    rm -rf "$BATS_TEST_TMPDIR/etcd"
  done
  fail "etcd did not start:" "$(<"$BATS_TEST_TMPDIR/etcd.log")"
}
etcd_answers_or_ended() { curl -sf --max-time 1 "$ETCD_URL/health" || ended "$1"; }

# Sets PGHOST, where its socket is, and PGUSER. It listens nowhere else. It refuses to be root, so root lends it
# to nobody, in a folder that nobody can reach.
start_postgres() {
  local bin folder as=()
  bin=$(find /usr/lib/postgresql* /usr/bin -name initdb 2>/dev/null | sort -V | tail -n 1)
  bin=${bin%/*}
  [[ $bin ]] || fail "no initdb: is postgresql installed?" || return
  folder=$(mktemp -d "${TMPDIR:-/tmp}/pd-postgres.XXXXXX")
  if ((UID == 0)); then
    chown nobody "$folder"
    as=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
  fi
  postgres_folders+=("$folder")
  (cd "$folder" && "${as[@]}" "$bin/initdb" -D "$folder/data" -U tester -A trust --no-sync) >initdb.log 2>&1 ||
    fail "$(<initdb.log)" || return
  export PGHOST=$folder PGUSER=tester PGDATABASE=postgres
  start_server postgres "${as[@]}" "$bin/postgres" -D "$folder/data" -k "$folder" -h '' -F
  wait_for postgres_answers_or_ended "$SERVER_PID" || return
  ! ended "$SERVER_PID" || fail "postgres did not start:" "$(<"$BATS_TEST_TMPDIR/postgres.log")"
}
postgres_answers_or_ended() { psql -qAtc 'SELECT 1' || ended "$1"; }

# Below the ports that the kernel gives to those who ask for port 0.
free_port() {
  local port
  while port=$((10000 + RANDOM % 20000)); (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  printf '%s\n' "$port"
}

stop_servers() {
  local pid status=0
  for pid in "${servers[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${servers[@]}"; do WAIT_SECONDS=$GRACE_SECONDS wait_for ended "$pid" || status=1; done
  return "$status"
}

# Every process that was started with this test's PD_TEST_ID, or is in its folder: a shell in the
# background shows the environment that bats was started with.
leftovers() {
  {
    grep -lszxF "PD_TEST_ID=$PD_TEST_ID" /proc/[0-9]*/environ
    find /proc/[0-9]*/cwd -maxdepth 0 \( -lname "$PD_TEST_ID" -o -lname "$PD_TEST_ID/*" \) 2>/dev/null
  } | cut -d/ -f3 | sort -u
}
no_leftovers() { [[ -z $(leftovers) ]]; }
end_leftovers() {
  local pid
  ! WAIT_SECONDS=$GRACE_SECONDS wait_for no_leftovers 2>/dev/null || return 0
  for pid in $(leftovers); do
    printf 'left over: process %s: %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline")" >&2
    kill -KILL "$pid"
  done
  return 1
}

validate_captured() {
  local copy whole=() cut=() options=(--stream "${allow_unknown[@]/#/--allow-unknown=}") status=0
  for copy in "$PD_CAPTURE"/*.ndjson; do
    if [[ -e $copy.whole ]]; then whole+=("$copy"); elif [[ -s $copy ]]; then cut+=("$copy"); fi
  done
  ((!${#whole[@]})) || "$helper_folder/validate-records" "${options[@]}" "${whole[@]}" || status=1
  ((!${#cut[@]})) || "$helper_folder/validate-records" "${options[@]}" --cut "${cut[@]}" || status=1
  ((!status)) || head -n 1 "$PD_CAPTURE"/*.argv >&2
  return "$status"
}

assert_status() { [[ $status == "$1" ]] || fail "status $status, not $1" "$output" "${stderr-}"; }
assert_output_has() { [[ $output == *"$1"* ]] || fail "output lacks: $1" "output: $output"; }
assert_stderr_has() { [[ $stderr == *"$1"* ]] || fail "stderr lacks: $1" "stderr: $stderr"; }

# assert_json FILTER [FILE]: the filter's last value is neither false nor null; its input is the array
# of all values in $output or FILE.
assert_json() {
  local data=${2:-/dev/stdin}
  jq -es "$1" "$data" <<<"$output" >/dev/null || fail "not so: $1" "data: $(cat "$data" <<<"$output")"
}
