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

# By content, and without git: an unpacked archive has none, and in a container it may be another's.
what_it_is_made_of() {
    find web docs/zh docs/screenshots -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' -not -path 'web/e2e/*' \
        -not -path web/src/components.d.ts -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
}

# Built only if something it is made of changed.
build() {
    local stamp=web/dist/.built of
    of=$(what_it_is_made_of)
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
