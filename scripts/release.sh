#!/usr/bin/env bash
# make release: the server as it is run in production, with its pages in it; its Debian package, tried; and beside it the
# lists of what is in it. Tools that only this needs are built into target/tools and run from there: cargo would take those
# of the same name that somebody has installed, of whatever version.
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

# What this is built from: the commit, and whether there is more in the tree than it has, or what a packager says. Nothing
# without git's repository: build.rs then looks for what an archive says.
commit() {
    local changes
    if [[ -n ${HOTLINE_COMMIT:-} ]]; then
        printf '%s' "$HOTLINE_COMMIT"
        return
    fi
    [[ $(git rev-parse --show-toplevel 2>/dev/null) == "$ROOT" ]] || return 0
    changes=$(git status --porcelain)
    printf '%s%s' "$(git rev-parse --short=12 HEAD)" "${changes:+ with changes}"
}

version() { cargo metadata --no-deps --locked --format-version=1 | node -e '
    const { packages } = JSON.parse(require("node:fs").readFileSync(0, "utf8"))
    console.log(packages.find(({ name }) => name === "hotline").version)'; }

# shellcheck disable=SC2016 # git writes the commit over it
is_archive() { ! grep -qF 'ARCHIVED: &str = "$Format' build.rs; }

is_of_git() { [[ -z ${HOTLINE_COMMIT:-} && -n $COMMIT && $COMMIT != *changes ]]; }

# The same commit makes the same package: its files have the time of the commit.
time_of_build() { if is_of_git; then git log -1 --format=%ct; else date +%s; fi; }

# The package's version. What is not the tagged commit of a release comes before it, and the later after the earlier: apt
# takes two packages of one version for the same, whatever is in them.
deb_version() {
    local number=$1 commit=$2
    if is_of_git && [[ $(git tag --points-at HEAD --list "v$number") ]]; then
        printf '%s-1' "$number"
    else
        printf '%s~%s.%s-1' "$number" "$(date --utc --date="@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S)" "${commit//[^A-Za-z0-9]/.}"
    fi
}

# cargo-cyclonedx writes beside each Cargo.toml of the workspace; what is left of that goes when this script ends.
CRATES=hotline-release-sbom
list_crates() {
    "$TOOLS/bin/cargo-cyclonedx" cyclonedx --quiet --format json --spec-version 1.5 --override-filename "$CRATES" && mv "$CRATES.json" "$1"
}
# shellcheck disable=SC2317 # called by the trap
clean_up() {
    local code=$?
    find . -maxdepth 2 -name "$CRATES.json" -delete
    at_exit "$code"
}
trap clean_up EXIT

COMMIT=$(commit)
[[ -n $COMMIT ]] || is_archive || die "nobody could tell which commit the release is of: of this folder, $ROOT, git says
    $(git rev-parse --show-toplevel 2>&1 | head -n 1 || true)
  Where it does not trust the owner of the folder (\"dubious ownership\"): git config --global --add safe.directory '$ROOT'
  Where there is no repository: HOTLINE_COMMIT=<commit> make release"
NEED_PACKAGING=1 need_tools
# Older ones answer the question for help, too.
[[ $(npm sbom --help 2>/dev/null || true) == *--sbom-format* ]] ||
    die "npm 10.2 or later is needed to list what the pages are made of (npm sbom); this is $(npm --version)."
say "Building the pages …"
scripts/web.sh
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

say "Looking at licences, sources and duplicates (deny.toml) …"
"$TOOLS/bin/cargo-deny" --locked check licenses sources bans || die "deny.toml does not allow what comes in with a dependency."

SOURCE_DATE_EPOCH=$(time_of_build)
export SOURCE_DATE_EPOCH
rm -rf "$OUT"
mkdir -p "$OUT"
say "Packing …"
DEB_VERSION=$(deb_version "$(version)" "$(sed 's/.*(commit \(.*\))$/\1/' <<<"$VERSION")")
"$TOOLS/bin/cargo-deb" --quiet --no-build --locked --no-strip --deb-version "$DEB_VERSION" --output "$OUT/" || die "the package could not be made."
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
