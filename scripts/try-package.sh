#!/usr/bin/env bash
# try-package.sh DEB VERSION: unpacks the package into a folder and starts the server from there, with its unit's command and
# settings, on a PostgreSQL of its own. Changes nothing of the machine. VERSION is what `hotline -V` must say.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

DEB=$1
VERSION=$2
find_postgres || die "PostgreSQL 15 or later is missing."
scratch_folder
PLACE=$SCRATCH/place
CONTROL=$SCRATCH/control
dpkg-deb --extract "$DEB" "$PLACE"
dpkg-deb --control "$DEB" "$CONTROL"

# shellcheck disable=SC2317 # called by the trap
stop_all() {
    local code=$?
    [[ -z ${SERVER:-} ]] || kill -KILL "$SERVER" 2>/dev/null || true
    if ((code)) && [[ -s $SCRATCH/server-log ]]; then tail -n 20 "$SCRATCH/server-log" >&2; fi
    at_exit "$code"
}
trap stop_all EXIT

# of_unit KEY: its value in the unit.
of_unit() { sed -n "s/^$1=//p" "$PLACE/usr/lib/systemd/system/hotline.service"; }

# What dpkg does with it.
[[ $(<"$CONTROL/conffiles") == /etc/hotline/config.toml ]] || die "the settings, and nothing else, are kept as the operator has them."
for script in postinst prerm postrm; do
    sh -n "$CONTROL/$script" || die "$script is no shell script."
done
grep -q 'was-enabled hotline.service' "$CONTROL/postinst" && ! grep -Eq 'deb-systemd-invoke .*start' "$CONTROL/postinst" ||
    die "it enables or starts something: that is for whoever has written the secrets, and looked at the settings with the new program."
# shellcheck disable=SC2016 # dpkg's word
grep -q '"$1" = remove' "$CONTROL/prerm" && ! grep -q upgrade "$CONTROL/prerm" || die "a server that runs is stopped by an upgrade."
if ((EUID == 0)) && command -v systemd-sysusers >/dev/null; then
    systemd-sysusers --root="$PLACE" hotline.conf 2>/dev/null
    grep -q "^$(of_unit User):" "$PLACE/etc/passwd" || die "the package does not make the user of its unit."
else
    say "Whether it makes its user was not tried: that takes root and systemd-sysusers."
fi

# What whoever installs it does then (docs/operations.md, "Under systemd").
cluster_start "$SCRATCH" fsync=off
sql "$CLUSTER_URL/postgres" --command='create database hotline'
SECRETS=$PLACE$(of_unit EnvironmentFile)
(umask 077 && printf "%s='%s'\n" DATABASE_URL "$CLUSTER_URL/hotline?application_name=hotline&sslmode=disable" \
    HOTLINE__SECRETS__DATA_KEY "$(random_hex 32)" >"$SECRETS")
read -ra START <<<"$(of_unit ExecStart)"
SERVE=()
for word in "${START[@]}"; do
    [[ $word != /* ]] || word=$PLACE$word
    SERVE+=("$word")
done
# Nothing of our surroundings, but a port that is free; the secrets as the guide reads them in a shell.
in_unit() {
    cd "$PLACE$(of_unit WorkingDirectory)"
    # shellcheck disable=SC2016 # for the shell that is begun
    exec env -i HOTLINE__SERVER__PORT=0 sh -c 'set -a; . "$0"; exec "$@"' "$SECRETS" "$@"
}
HOTLINE=("${SERVE[@]:0:${#SERVE[@]}-1}")
[[ ${SERVE[-1]} == serve ]] || die "the unit ends in: ${START[-1]}"
[[ $(in_unit "${HOTLINE[0]}" -V) == "$VERSION" ]] || die "the package has another server than $VERSION."
(in_unit "${HOTLINE[@]}" check-config)
(in_unit "${HOTLINE[@]}" migrate)
(in_unit "${HOTLINE[@]}" institution add ecnu --name '华东师范大学心理热线')
PASSWORD=$(random_hex 12)
(in_unit "${HOTLINE[@]}" user add ecnu_admin --kind INSTITUTION --institution ecnu) <<<"$PASSWORD"

in_unit "${SERVE[@]}" --address-file "$SCRATCH/address" >"$SCRATCH/server-log" 2>&1 &
SERVER=$!
waited=0
until [[ -s $SCRATCH/address ]] && curl -fsS -o /dev/null "http://$(<"$SCRATCH/address")/health/ready" 2>/dev/null; do
    kill -0 "$SERVER" 2>/dev/null || die "the server of the package did not start; its log is below."
    ((++waited < 300)) || die "the server of the package was not ready within a minute; its log is below."
    sleep 0.2
done
BASE=http://$(<"$SCRATCH/address")
for page in / /visitor; do
    curl -fsS "$BASE$page" | grep -q '<script type="module"' || die "$page is no page of ours."
done
SAID=$(curl -fsS -H 'Content-Type: application/json' "$BASE/auth/login" \
    -d '{"username":"ecnu_admin","password":"'"$(printf %s "$PASSWORD" | md5sum | cut -c1-32)"'"}')
[[ $SAID == *'"code":0'* ]] || die "the administrator cannot log in: $SAID"
kill -TERM "$SERVER"
code=0
wait "$SERVER" || code=$?
SERVER=
((code == 0)) || die "the server of the package ended with $code rather than 0."
say "The package was unpacked into a folder, served from there with its unit's command and settings, and stopped: $VERSION"
