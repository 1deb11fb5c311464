#!/usr/bin/env bash
# browser.sh CLUSTER_URL: the pages in a real browser, with servers of our own. What failed, and how every page looks,
# stands in artifacts/browser afterwards. SCREENSHOTS=1 makes those of the README anew.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

export CLUSTER_URL=$1
export HOTLINE ARTIFACTS=$ROOT/artifacts/browser PSQL
shift
HOTLINE=$(target_dir)/debug/hotline
# Nothing here may keep `make test` for ever.
SECONDS_MAX=${SECONDS_MAX:-900}

find_postgres || die "PostgreSQL is missing."
PSQL=$PG_BIN/psql
command -v chromium >/dev/null || die "chromium is missing."
[[ -x $HOTLINE ]] || die "$HOTLINE is missing: build it first."
if [[ -n ${SCREENSHOTS:-} ]]; then
    export SCREENSHOTS=$ROOT/docs/screenshots
    mkdir -p "$SCREENSHOTS"
fi
rm -rf "$ARTIFACTS"
mkdir -p "$ARTIFACTS"
# In its own group, so that its servers and browsers end with it.
timeout --kill-after=20 "$SECONDS_MAX" npm --prefix web run --silent e2e -- "$@" ||
    die "the pages do not do in a browser what they should (above); more is in $ARTIFACTS."
