#!/usr/bin/env bash
# make release: the server as it is run in production, with its pages in it. Needs no PostgreSQL.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

command -v cargo >/dev/null || die "Rust is missing: install it with rustup (https://rustup.rs), then try again."
command -v cc >/dev/null || die "a C compiler is missing: apt-get install -y gcc libc6-dev"
command -v npm >/dev/null || die "Node.js with npm is missing: the pages are built with it."
node_is_new || die "Node.js 20.19 or later is needed for the pages; this is $(node --version)."
say "Building the pages …"
scripts/web.sh
say "Building the server …"
SQLX_OFFLINE=true cargo build --release --locked --bin hotline || die "the server does not build; cargo says why above."
say "The server with its pages: $(target_dir)/release/hotline"
