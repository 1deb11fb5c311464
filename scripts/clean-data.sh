#!/usr/bin/env bash
# make clean-data: forgets what `make run` and `make cluster` keep (their databases and keys). The next run starts afresh.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

find_postgres || die "PostgreSQL is not installed, so there is nothing to forget."
state=$(state_dir)
exec 9>"$state/run.lock"
flock -n 9 || die "'make run' is running in this checkout: stop it first."
exec 8>"$state/cluster.lock"
flock -n 8 || die "'make cluster' is running in this checkout: stop it first."
# What a killed run left behind.
for left in "$state"/cluster/*/; do daemon_stop "${left%/}"; done
for dir in "$state/run" "$state/cluster"; do
    cluster_stop "$dir"
    rm -rf "$dir"
    say "Forgotten: $dir"
done
