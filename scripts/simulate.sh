#!/usr/bin/env bash
# make simulate: whole days of the real actors under a paused clock, from fresh seeds, on every core. HOURS=... of the wall
# clock or DAYS=... simulated; SEED=... begins with that one. A day that breaks a law is told with its seed.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -n "${HOURS:-}${DAYS:-}" ] || export HOURS=0.0833
export RUST_BACKTRACE=0
exec cargo test --quiet --profile simulation --locked -p hotline-actors --test simulation -- --exact --nocapture days::a_day_keeps_every_law
