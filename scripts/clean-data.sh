#!/usr/bin/env bash
# make clean-data: forgets what `make run` keeps (its database and keys). The next run starts afresh.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

find_postgres || die "PostgreSQL is not installed, so there is nothing to forget."
state=$(state_dir)
dir=$state/run
exec 9>"$state/run.lock"
flock -n 9 || die "'make run' is running in this checkout: stop it first."
cluster_stop "$dir"
rm -rf "$dir"
say "Forgotten: $dir"
