#!/usr/bin/env bash
# make release: the server as it is run in production, with its pages in it; its Debian package, tried; and beside it the
# lists of what is in it. Tools that only this needs are built into target/tools.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

TOOLS=$(target_dir)/tools
OUT=$(target_dir)/package
BINARY=$(target_dir)/release/hotline

# tool NAME VERSION: builds it once. They run for seconds, so what counts is how fast they are built.
tool() {
    CARGO_PROFILE_RELEASE_LTO=false CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        cargo install --quiet --locked --root "$TOOLS" "$1@=$2" || die "$1 $2 could not be built: is there a network?"
}

# What this is built from: the commit, and whether there is more in the tree than it has. Nothing without git's repository:
# build.rs then looks for what an archive says.
commit() {
    local changes
    [[ $(git rev-parse --show-toplevel 2>/dev/null) == "$ROOT" ]] || return 0
    changes=$(git status --porcelain)
    printf '%s%s' "$(git rev-parse --short=12 HEAD)" "${changes:+ with changes}"
}

version() { cargo metadata --no-deps --locked --format-version=1 | node -e '
    const { packages } = JSON.parse(require("node:fs").readFileSync(0, "utf8"))
    console.log(packages.find(({ name }) => name === "hotline").version)'; }

# The same commit makes the same package: its files have the time of the commit.
time_of_commit() { git log -1 --format=%ct 2>/dev/null || date +%s; }

# cargo-cyclonedx writes beside each Cargo.toml of the workspace.
list_crates() {
    local name=hotline-release-sbom
    cargo cyclonedx --quiet --format json --spec-version 1.5 --override-filename "$name" ||
        { find . -maxdepth 2 -name "$name.json" -delete; return 1; }
    mv "$name.json" "$1"
    find . -maxdepth 2 -name "$name.json" -delete
}

NEED_PACKAGING=1 need_tools
say "Building the pages …"
scripts/web.sh
COMMIT=$(commit)
# build.rs finds a commit by itself; told only where it would say less, so that nothing is built again for it.
[[ $COMMIT != *changes ]] || export HOTLINE_COMMIT=$COMMIT
say "Building the server …"
SQLX_OFFLINE=true cargo build --release --locked --bin hotline || die "the server does not build; cargo says why above."
say "The server with its pages: $BINARY"
VERSION=$("$BINARY" -V)
say "It is $VERSION."
[[ $VERSION == "hotline $(version) (commit "* ]] || die "it should name the version $(version) and its commit."
[[ -z $COMMIT || $VERSION == *"(commit $COMMIT)" ]] || die "it should name the commit $COMMIT."

say "Building the tools of a release, the first time …"
tool cargo-deny 0.20.2
tool cargo-cyclonedx 0.5.9
tool cargo-deb 3.8.0
PATH=$TOOLS/bin:$PATH

say "Looking at licences, sources and duplicates (deny.toml) …"
cargo deny --locked check licenses sources bans || die "deny.toml does not allow what comes in with a dependency."

SOURCE_DATE_EPOCH=$(time_of_commit)
export SOURCE_DATE_EPOCH
rm -rf "$OUT"
mkdir -p "$OUT"
say "Packing …"
cargo deb --quiet --no-build --locked --no-strip --output "$OUT/" || die "the package could not be made."
DEB=$(echo "$OUT"/hotline_*.deb)
say "Listing what is in it …"
list_crates "${DEB%.deb}.crates.cdx.json" || die "the crates could not be listed."
(cd web && npm sbom --sbom-format=cyclonedx --sbom-type=application --omit=dev --package-lock-only) >"${DEB%.deb}.pages.cdx.json" ||
    die "the packages of the pages could not be listed."
say "Trying the package …"
scripts/try-package.sh "$DEB" "$VERSION"
(cd "$OUT" && sha256sum ./*.deb ./*.json >SHA256SUMS)
say "The package, and beside it what is in it and the sums of both:"
ls -l "$OUT"
