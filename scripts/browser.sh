#!/usr/bin/env bash
# browser.sh [CLUSTER_URL]: the pages in a real browser, with servers of our own; without a URL it builds all it needs and
# has a PostgreSQL of its own. What failed, and how every page looks, stands in artifacts/browser afterwards.
# SCREENSHOTS=1 also makes those of the documents anew; ONLY=NAME runs one file of tests.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# Nothing here may keep `make test` for ever.
SECONDS_MAX=${SECONDS_MAX:-1800}
CLUSTER_URL=${1:-}

if [[ -z $CLUSTER_URL ]]; then
    NEED_BROWSER=1 NEED_NATS=1 need_tools
    scripts/web.sh
    SQLX_OFFLINE=true cargo build --locked --bin hotline || die "the server does not build; cargo says why above."
    scratch_cluster
fi
find_postgres || die "PostgreSQL is missing."
export CLUSTER_URL PSQL=$PG_BIN/psql ARTIFACTS=$ROOT/artifacts/browser
HOTLINE=$(target_dir)/debug/hotline
export HOTLINE
if [[ -n ${SCREENSHOTS:-} ]]; then
    export SCREENSHOTS=$ROOT/docs/screenshots
    mkdir -p "$SCREENSHOTS"
fi
rm -rf "$ARTIFACTS"
mkdir -p "$ARTIFACTS"

# Browsers are groups of their own and end with the tests, whose pipe they read; one that a test has stopped cannot. The
# tests name the groups of those, and take the name away when they have ended them.
browser_exit() {
    local code=$? named group
    for named in "$ARTIFACTS"/groups/*; do
        group=${named##*/}
        if [[ $(readlink "/proc/$group/exe" 2>/dev/null) == *chromium* ]]; then
            kill -KILL -- "-$group" 2>/dev/null || true
        fi
    done
    at_exit "$code"
}
trap browser_exit EXIT

# A group of its own, so that the servers end with it.
# shellcheck disable=SC2086 # none, or names
timeout --kill-after=20 "$SECONDS_MAX" npm --prefix web run --silent e2e -- ${ONLY:-} ||
    die "the pages do not do in a browser what they should (above). Screenshots, texts and the servers' words are in $ARTIFACTS."
