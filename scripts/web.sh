#!/usr/bin/env bash
# web.sh [check]: the pages, built into web/dist for the server to embed. With "check" everything that must hold is looked
# at first; HOTLINE says which server prints the interface that the pages' client must be generated from.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

export npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false

# Nothing is fetched again unless the lock file changed.
packages() {
    local stamp=web/node_modules/.hotline-lock
    if ! cmp -s web/package-lock.json "$stamp"; then
        (cd web && npm ci --no-progress --loglevel=error) ||
            die "the packages in web/package-lock.json could not be fetched: is there a network?"
        cp web/package-lock.json "$stamp"
    fi
}

in_web() { (cd web && npm run --silent "$@"); }

client_is_current() { "$HOTLINE" openapi | in_web api -- --check; }

# Built only if something it is made of changed.
build() {
    local stamp=web/dist/.built of
    of=$(git ls-files -co --exclude-standard -- web ':!web/e2e' | LC_ALL=C sort | tr '\n' '\0' | xargs -0 sha256sum 2>/dev/null | sha256sum)
    if [[ $(cat "$stamp" 2>/dev/null) != "$of" ]]; then
        in_web build -- --logLevel warn || die "the pages do not build; vite says why above."
        printf '%s\n' "$of" >"$stamp"
    fi
}

packages
# The types of Element Plus's parts come with the build.
build
if [[ ${1:-} == check ]]; then
    in_web lint
    in_web check
    client_is_current
    in_web test -- --reporter=dot
fi
