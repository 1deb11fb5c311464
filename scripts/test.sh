#!/usr/bin/env bash
# make test: everything that must hold before a change lands. Uses a PostgreSQL of its own and throws it away.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

step() {
    local begun=$SECONDS
    STEP=$1
    shift
    say "==> $STEP"
    "$@"
    say "    $STEP: $((SECONDS - begun)) s"
    STEP=
}

queries_are_current() {
    diff -rq .sqlx "$SCRATCH/queries" ||
        { say "The descriptions in .sqlx/ are not those of the queries and the schema: run 'make sqlx' and commit."; return 1; }
}

# Tests of servers wait for most of their time, so more of them go on at once than there are cores; each server takes its share of
# the cluster's connections.
AT_ONCE_MAX=8
at_once() {
    local twice=$((2 * $(nproc)))
    say $((twice < AT_ONCE_MAX ? twice : AT_ONCE_MAX))
}

# Backups are taken with the cluster's own pg_dump.
run_tests() {
    PATH=$PG_BIN:$PATH HOTLINE_TEST_DATABASE_URL=$CLUSTER_URL/postgres RUST_TEST_THREADS=$(at_once) \
        cargo test --workspace --locked --no-fail-fast "$@" 2>&1 | tee -a "$SCRATCH/tests"
}

# What clients see, of which nothing may depend on how many servers there are: the interface document's samples, what the system
# behind it was seen to answer, and the story. Without one that is about how much memory one server takes, and those that need a
# heartbeat of a second.
CONTRACT=(samples:: story::a_day talks:: people:: rights:: shifts:: places:: languages:: headers:: record:: chat::by_request::what_ chat::pictures::)
on_three_servers() {
    HOTLINE_TEST_SERVERS=3 run_tests --test it -- "${CONTRACT[@]}" --skip talks::large::
}

# Tests of floods hold six thousand connections, and the server they flood the other ends.
OPEN_FILES_MIN=16384
open_files() {
    ulimit -Sn "$(ulimit -Hn)" 2>/dev/null || true
    [[ $(ulimit -n) == unlimited ]] || (($(ulimit -n) >= OPEN_FILES_MIN)) ||
        die "the tests hold thousands of connections, and this shell may open $(ulimit -n) files: raise its hard limit ('ulimit -Hn', 'nofile' in /etc/security/limits.conf) to $OPEN_FILES_MIN."
}

NEED_BROWSER=1 NEED_NATS=1 step "Tools and crates" need_tools
open_files
step "Formatting" cargo fmt --all --check
step "PostgreSQL" scratch_cluster
mkdir "$SCRATCH/queries"
step "Lints, and every query against the schema" describe_queries "$SCRATCH/queries" -D warnings
step "Committed query descriptions" queries_are_current
# From here on as everybody builds: without a database.
export SQLX_OFFLINE=true
step "Pages: packages and build" scripts/web.sh
step "Build" cargo test --workspace --locked --no-run
HOTLINE=$(target_dir)/debug/hotline step "Pages: lints, types, client, tests" scripts/web.sh check
step "Tests" run_tests
step "The contract on three servers, each request at any of them" on_three_servers
step "Lints of the sabotages" cargo clippy -p hotline-actors --features sabotage --all-targets --locked -- -D warnings
# Of the whole workspace, though only the actors' tests are meant: alone they would have all their dependencies built anew,
# with the few features that they themselves ask for.
step "Every sabotage is caught" cargo test --workspace --features hotline-actors/sabotage --locked --test simulation sabotages:: -- --nocapture
step "Answers against the OpenAPI document" scripts/api.sh "$CLUSTER_URL" "$SCRATCH"
step "Pages in a browser" scripts/browser.sh "$CLUSTER_URL"
step "A server under injected faults" scripts/torture.sh short
# Cargo counts by test binary; here is the whole.
awk '/^test result:/ { passed += $4; failed += $6 } END { printf "%d passed, %d failed\n", passed, failed }' "$SCRATCH/tests"
