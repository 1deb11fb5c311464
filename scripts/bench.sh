#!/usr/bin/env bash
# make bench, make bench-quick: the server's release binary beside others, on a private PostgreSQL that keeps what it is
# told (fsync on). Arguments go to the load generator: --quick, or the names of single measurements.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

NEED_NATS=1 need_tools
command -v npm >/dev/null || die "Node 20 with npm is missing: the peers run on it."
say "Building …"
scripts/web.sh
SQLX_OFFLINE=true cargo build --release --locked -p hotline -p hotline-bench || die "the release does not build; cargo says why above."
SQLX_OFFLINE=true cargo bench --locked -p hotline-bench --bench core --no-run || die "the measurement of the core does not build; cargo says why above."

say "Installing the peers …"
(cd bench/peers && npm ci --silent --no-audit --no-fund) || die "the peers in bench/peers could not be fetched: is there a network?"

# Linux divides the processors among groups before it divides a group's share among its threads. Left alone each session is a
# group, and each backend of PostgreSQL a session: beside another busy program, 64 clients of pgbench would have 64 shares
# and ours, a server with a backend or two, three. In one group both sides have the same share. Without the right to make one
# (ordinary users; a container's limits) it is said, and what was measured beside something busy means little.
GROUP=
join_group() {
    local root=/sys/fs/cgroup/cpu
    [[ -d $root ]] || root=/sys/fs/cgroup
    BEFORE=$root$(sed -n 's/^[0-9]*:\(cpu\|cpu,cpuacct\|\)://p' /proc/self/cgroup | head -n1)
    # What an earlier run could not remove, since a process of it was still ending; only empty ones go.
    rmdir "$root"/hotline-bench.* 2>/dev/null || true
    GROUP=$root/hotline-bench.$$
    { mkdir "$GROUP" && [[ -e $GROUP/cpu.shares || -e $GROUP/cpu.weight ]] && echo $$ >"$GROUP/cgroup.procs"; } 2>/dev/null && return
    rmdir "$GROUP" 2>/dev/null || true
    GROUP=
    return 1
}
leave_group() {
    if [[ -n ${SCRATCH:-} ]]; then daemon_stop "$SCRATCH"/nats-{one,two,three}; fi
    at_exit "$1"
    if [[ -n $GROUP ]]; then
        echo $$ >"$BEFORE/cgroup.procs"
        rmdir "$GROUP" 2>/dev/null || true
    fi
}
trap 'leave_group $?' EXIT
join_group || say "Both sides share the processors with other programs by session: a group of their own needs root and a cpu controller."

scratch_cluster fsync=on synchronous_commit=on full_page_writes=on max_connections=300 shared_buffers=512MB max_wal_size=8GB
mkdir "$SCRATCH/bench"
# Three in one cluster, as in production. Their password stays off the command lines.
PORTS=()
for _ in {1..6}; do PORTS+=("$(free_port "${PORTS[@]}")"); done
export HOTLINE_BENCH_NATS=
for place in 0 1 2; do
    name=(one two three)
    dir=$SCRATCH/nats-${name[place]}
    nats_start "$dir" "${name[place]}" "${PORTS[place]}" "${PORTS[place + 3]}" "${PORTS[(place + 1) % 3 + 3]}" "${PORTS[(place + 2) % 3 + 3]}"
    HOTLINE_BENCH_NATS+="${HOTLINE_BENCH_NATS:+ }$(<"$dir/pid")=$NATS_URL"
done
mkdir -p bench/results
BEGUN=$SECONDS

FLOOR=() SPEED=(--warm-up-time 1 --measurement-time 2)
case " $* " in
*" --quick "*) SPEED=(--quick) ;;
*)
    say "==> the physical floor"
    as_postgres "$PG_BIN/pg_test_fsync" --secs-per-test=1 --filename="$SCRATCH/data/pg_test_fsync" >bench/results/pg_test_fsync.txt
    sed -n '/one 8kB/,/^$/p' bench/results/pg_test_fsync.txt
    FLOOR=(--fsyncs-per-second "$(awk '$1 == "fdatasync" { print $2; exit }' bench/results/pg_test_fsync.txt)")
    ;;
esac

say "==> the core, by criterion"
export CRITERION_HOME="$SCRATCH/criterion"
SQLX_OFFLINE=true cargo bench --quiet --locked -p hotline-bench --bench core -- --noplot "${SPEED[@]}"

# Sockets need files: as many as may be.
ulimit -n "$(ulimit -H -n)"
RELEASE=$(target_dir)/release
export HOTLINE_BENCH_CLUSTER=$CLUSTER_URL
"$RELEASE/hotline-bench" --server "$RELEASE/hotline" --postgres-bin "$PG_BIN" --scratch "$SCRATCH/bench" \
    --peers bench/peers --results bench/results --criterion "$CRITERION_HOME" "${FLOOR[@]}" "$@"
say "It took $((SECONDS - BEGUN)) s after the build. Everything is in bench/results/."
