# shellcheck shell=bash
# What the scripts share: words, packages, a private PostgreSQL, private nats-servers, and the demo. Sourced, never run.

set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
cd "$ROOT"
export PGTZ=UTC LC_ALL=C.UTF-8
# Debian keeps servers (nats-server, nginx) where an ordinary user does not look.
export PATH=$PATH:/usr/sbin:/sbin
# Whatever PostgreSQL the caller speaks to is none of ours.
unset PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE PGSERVICE PGOPTIONS DATABASE_URL

say() { printf '%s\n' "$*"; }
die() { printf '\n%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# --- tools -----------------------------------------------------------------------------------------------------------

find_postgres() {
    local dir
    for dir in /usr/lib/postgresql/{18,17,16,15}/bin; do
        if [[ -x $dir/initdb && -x $dir/pg_ctl ]]; then
            PG_BIN=$dir
            return
        fi
    done
    return 1
}

# Vite's own demand.
node_is_new() { node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; }

# Installs what is missing as root, with NEED_BROWSER also for the tests in a browser, with NEED_PACKAGING for the Debian package,
# with NEED_NATS nats-server, with NEED_NGINX nginx; an ordinary user is told the one line to run.
need_tools() {
    local missing=() services=()
    command -v cargo >/dev/null || die "Rust is missing: install it with rustup (https://rustup.rs), then try again."
    if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
        die "rustfmt or clippy is missing: run 'rustup component add rustfmt clippy', then try again."
    fi
    command -v cc >/dev/null || missing+=(gcc libc6-dev)
    command -v curl >/dev/null || missing+=(curl)
    command -v git >/dev/null || missing+=(git)
    command -v unzip >/dev/null || missing+=(unzip)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
    find_postgres || missing+=(postgresql)
    [[ -z ${NEED_PACKAGING:-} ]] || command -v dpkg-shlibdeps >/dev/null || missing+=(dpkg-dev)
    [[ -z ${NEED_NATS:-} ]] || command -v nats-server >/dev/null || services+=(nats-server)
    [[ -z ${NEED_NGINX:-} ]] || command -v nginx >/dev/null || services+=(nginx)
    missing+=("${services[@]}")
    [[ -z ${NEED_BROWSER:-} ]] || mapfile -t -O "${#missing[@]}" missing < <(browser_packages)
    if ((${#missing[@]})); then
        command -v apt-get >/dev/null ||
            die "these are missing, and there is no apt-get to install them with: ${missing[*]} (PostgreSQL 15 or later)."
        ((EUID == 0)) ||
            die "Debian packages are missing. Run this line, then try again:
    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}${services[*]:+
(Debian starts ${services[*]} for the whole machine; nothing here uses that: sudo systemctl disable --now ${services[*]})}"
        mapfile -t services < <(without_a_unit "${services[@]}")
        say "Installing Debian packages: ${missing[*]}"
        if ! apt-get update -qq ||
            ! DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"; then
            die "the Debian packages (${missing[*]}) could not be fetched: is there a network?"
        fi
        leave_off "${services[@]}"
        find_postgres || die "PostgreSQL 15 or later is still missing after installing: ${missing[*]}."
    fi
    node_is_new || die "Node.js 20.19 or later is needed for the pages; this is $(node --version)."
    if ((EUID == 0)); then
        id -u postgres >/dev/null 2>&1 || die "PostgreSQL does not run as root, and there is no user 'postgres' to run it as."
    fi
    cargo fetch --locked --quiet || die "the crates in Cargo.lock could not be fetched: is there a network?"
}

# What the tests in a browser need besides, as names of Debian packages; none if it is there.
browser_packages() {
    command -v chromium >/dev/null || say chromium
    [[ -n $(find /usr/share/fonts /usr/local/share/fonts -iname 'NotoSansCJK*' -print -quit 2>/dev/null) ]] || say fonts-noto-cjk
    [[ -n $(find /usr/share/fonts /usr/local/share/fonts -iname 'NotoColorEmoji*' -print -quit 2>/dev/null) ]] || say fonts-noto-color-emoji
}

# Those of the services of which this machine has none yet: only these may be switched off once they are installed.
without_a_unit() {
    local name
    for name in "$@"; do
        [[ -e /etc/systemd/system/$name.service || -e /lib/systemd/system/$name.service ]] || say "$name"
    done
}

# Debian starts what it installs, now and with the machine. Ours are private, so the machine's own is switched off again.
leave_off() {
    local name
    for name in "$@"; do
        if command -v systemctl >/dev/null; then
            systemctl --quiet disable "$name" >/dev/null 2>&1 || say "'systemctl disable $name' failed: the machine may start a $name that nothing here uses." >&2
            [[ ! -d /run/systemd/system ]] || systemctl --quiet stop "$name" || true
        elif [[ -e /etc/init.d/$name ]]; then
            update-rc.d "$name" disable >/dev/null 2>&1 || true
            "/etc/init.d/$name" stop >/dev/null 2>&1 || true
        fi
    done
}

target_dir() { printf '%s' "${CARGO_TARGET_DIR:-$ROOT/target}"; }

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# --- a private PostgreSQL --------------------------------------------------------------------------------------------
# A folder of ours holds everything about a cluster: data/ (the user postgres's own when we are root), password, port
# and log. It listens on 127.0.0.1 alone and asks for the password.

as_postgres() {
    if ((EUID == 0)); then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

# Where clusters may live: in the checkout, unless PostgreSQL cannot enter it (as under /root).
state_dir() {
    local dir=$ROOT/.local
    if ((EUID == 0)) && ! as_postgres test -x "$ROOT"; then
        dir=/var/tmp/hotline-$(printf '%s' "$ROOT" | sha256sum | cut -c1-12)
    fi
    (umask 022 && mkdir -p "$dir")
    [[ -O $dir && ! -L $dir ]] || die "$dir belongs to somebody else; it must be ours."
    printf '%s' "$dir"
}

# The process that runs the cluster in $1, if it runs. A pid left over from a kill may be another program's by now.
cluster_pid() {
    local pid
    pid=$(head -n1 "$1/data/postmaster.pid" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ && $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$(readlink -f "$1/data")" ]] || return 1
    printf '%s' "$pid"
}

cluster_create() {
    local dir=$1
    if [[ -s $dir/data/PG_VERSION ]]; then
        [[ -x /usr/lib/postgresql/$(<"$dir/data/PG_VERSION")/bin/pg_ctl ]] ||
            die "the data in $dir are of PostgreSQL $(<"$dir/data/PG_VERSION"), which is not installed ('make clean-data' starts afresh)."
        PG_BIN=/usr/lib/postgresql/$(<"$dir/data/PG_VERSION")/bin
        return
    fi
    # Made aside and moved when whole, so that an interrupted first run leaves no half of a cluster.
    rm -rf "$dir/data" "$dir/data.new"
    mkdir -m 700 "$dir/data.new"
    (umask 077 && random_hex 16 >"$dir/password")
    if ((EUID == 0)); then chown postgres: "$dir/data.new" "$dir/password"; fi
    as_postgres "$PG_BIN/initdb" --pgdata="$dir/data.new" --username=hotline --auth=scram-sha-256 --pwfile="$dir/password" \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$dir/log" 2>&1 ||
        die "PostgreSQL could not make its data folder $dir/data; it said:
$(tail -n 5 "$dir/log")"
    mv "$dir/data.new" "$dir/data"
}

cluster_port() {
    local port
    port=$(cat "$1/port" 2>/dev/null || true)
    while [[ -z $port ]] || port_taken "$port"; do port=$((20000 + RANDOM % 12000)); done
    printf '%s' "$port" >"$1/port"
}

# cluster_start DIR [SETTING…]: makes the cluster in DIR if need be, starts it if it does not run, sets CLUSTER_URL
# (without a database name) and CLUSTER_OPTIONS. Never touches a cluster outside DIR.
cluster_start() {
    local dir=$1 setting options
    shift
    mkdir -p "$dir"
    chmod 711 "$dir"
    cluster_create "$dir"
    if ! cluster_pid "$dir" >/dev/null; then
        cluster_port "$dir"
        # Dead pids PostgreSQL sorts out itself; it only errs where the number is now another program's.
        if [[ -e $dir/data/postmaster.pid ]] && kill -0 "$(head -n1 "$dir/data/postmaster.pid")" 2>/dev/null; then
            rm -f "$dir/data/postmaster.pid"
        fi
        options="-p $(<"$dir/port") -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        for setting in "$@"; do options+=" -c $setting"; done
        # Whoever stops and starts it starts it the same way.
        CLUSTER_OPTIONS=$options
        as_postgres "$PG_BIN/pg_ctl" start --silent --wait --timeout=60 --pgdata="$dir/data" -o "$options" \
            >>"$dir/log" 2>&1 </dev/null 9>&- ||
            die "PostgreSQL could not be started on $dir/data; it said:
$(tail -n 5 "$dir/log")"
    fi
    CLUSTER_URL="postgres://hotline:$(<"$dir/password")@127.0.0.1:$(<"$dir/port")"
}

# cluster_stop DIR [MODE]: fast by default; immediate for what will be thrown away.
cluster_stop() {
    if cluster_pid "$1" >/dev/null; then
        as_postgres "$PG_BIN/pg_ctl" stop --silent --wait --timeout=60 --mode="${2:-fast}" --pgdata="$1/data" >/dev/null 2>&1 </dev/null ||
            say "PostgreSQL on $1/data did not stop within a minute." >&2
    fi
}

# cluster_find DIR: the cluster that runs in DIR, as cluster_start leaves it.
cluster_find() {
    cluster_pid "$1" >/dev/null || return 1
    CLUSTER_URL="postgres://hotline:$(<"$1/password")@127.0.0.1:$(<"$1/port")"
}

sql() { "$PG_BIN/psql" --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --dbname="$1" "${@:2}"; }

# --- private servers --------------------------------------------------------------------------------------------------
# A folder of ours holds everything about one: its settings, pid and log. It runs in that folder, by which we know it again.

# In front of a command: runs it as the user of PostgreSQL where we are root, as one who may do nothing and can enter the state folder.
UNPRIVILEGED=()
if ((EUID == 0)); then UNPRIVILEGED=(setpriv --reuid=postgres --regid=postgres --init-groups --); fi

# daemon_start DIR COMMAND…: starts it in DIR, apart from this terminal, whose Ctrl-C is for the script alone.
daemon_start() {
    local dir=$1
    shift
    cd "$dir"
    (
        umask 077
        exec setsid "$@" >>log 2>&1 </dev/null 9>&-
    ) &
    printf '%s' $! >pid
    # The shell need not tell when it is killed.
    disown
    cd "$ROOT"
}

# The process of the server in $1, if it runs. A pid left over may be another program's by now.
daemon_pid() {
    local pid
    pid=$(cat "$1/pid" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ && $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$(readlink -f "$1")" ]] || return 1
    printf '%s' "$pid"
}

# daemon_signal SIGNAL DIR…: to those that run.
daemon_signal() {
    local signal=$1 dir pid
    shift
    for dir in "$@"; do
        ! pid=$(daemon_pid "$dir") || kill "-$signal" "$pid" 2>/dev/null || true
    done
}

# daemon_stop DIR…: all at once, each with SIGTERM; whoever has not ended after twenty seconds is killed.
daemon_stop() {
    local dir waited=0
    daemon_signal TERM "$@"
    # A frozen one hears nothing.
    daemon_signal CONT "$@"
    for dir in "$@"; do
        while daemon_pid "$dir" >/dev/null; do
            if ((++waited > 100)); then
                say "${dir##*/} did not stop within twenty seconds, and was killed." >&2
                daemon_signal KILL "$dir"
            fi
            sleep 0.2
        done
    done
}

# free_port [NOT…]: a port nobody listens on, and none of these.
free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)) && { port_taken "$port" || [[ " $* " == *" $port "* ]]; }; do :; done
    printf '%s' "$port"
}

# nats_start DIR NAME PORT [ROUTE_PORT OTHER_ROUTE_PORT…]: starts a private nats-server on 127.0.0.1, in one cluster with those
# at the other ports if there are any. It asks for a password, the same for all of this checkout; sets NATS_URL.
nats_start() {
    local dir=$1 name=$2 port=$3 other waited=0 password
    shift 3
    mkdir -p "$dir"
    chmod 711 "$dir"
    password=$(nats_password)
    # shellcheck disable=SC2034 # for whoever calls
    NATS_URL=nats://hotline:$password@127.0.0.1:$port
    ! daemon_pid "$dir" >/dev/null || return 0
    ! port_taken "$port" || die "port $port, which is meant for nats-server $name, is taken by another program."
    # Never readable by others, not for a moment, nor on the command line.
    (umask 077 && : >"$dir/nats.conf")
    {
        printf 'server_name: "%s"\nlisten: "127.0.0.1:%s"\nauthorization { user: hotline, password: "%s" }\n' "$name" "$port" "$password"
        if (($#)); then
            printf 'cluster {\n    name: hotline\n    listen: "127.0.0.1:%s"\n    no_advertise: true\n' "$1"
            printf '    authorization { user: hotline, password: "%s" }\n    routes: [\n' "$password"
            for other in "${@:2}"; do printf '        "nats://hotline:%s@127.0.0.1:%s"\n' "$password" "$other"; done
            printf '    ]\n}\n'
        fi
    } >"$dir/nats.conf"
    if ((EUID == 0)); then chown postgres: "$dir/nats.conf"; fi
    daemon_start "$dir" "${UNPRIVILEGED[@]}" nats-server --config "$dir/nats.conf"
    until port_taken "$port"; do
        if ! daemon_pid "$dir" >/dev/null || ((++waited > 150)); then
            die "nats-server $name did not start; it said:
$(tail -n 5 "$dir/log")"
        fi
        sleep 0.1
    done
}

nats_stop() { daemon_stop "$1"; }

# One for this checkout.
nats_password() {
    local file
    file=$(state_dir)/nats-password
    [[ -s $file ]] || (umask 077 && random_hex 24 >"$file")
    cat "$file"
}

# --- the demo ---------------------------------------------------------------------------------------------------------

# demo_settings DIR: settings of a server with demo people on the cluster in DIR. Keys of this checkout's demo, made once. The data
# key goes with the data it seals; the IM key is made up, so that /im/sign works without an account at Tencent.
demo_settings() {
    local keys=$1/keys
    [[ -s $keys ]] || (umask 077 && printf '%s\n%s\n' "$(random_hex 32)" "$(random_hex 32)" >"$keys")
    {
        read -r HOTLINE__SECRETS__DATA_KEY
        read -r HOTLINE__IM__SECRET_KEY
    } <"$keys"
    export HOTLINE__SECRETS__DATA_KEY HOTLINE__IM__SECRET_KEY
    # People talk over the pages' own sockets. The account is made up, so Tencent itself is not asked.
    export HOTLINE__IM__MODE=embedded
    export HOTLINE__IM__SDK_APP_ID=1400000000 HOTLINE__IM__REST_URL=
    export HOTLINE__SERVER__ADDRESS=127.0.0.1
    export HOTLINE__DATABASE__URL=$CLUSTER_URL/hotline
    export HOTLINE__DEMO__ENABLED=true
    export HOTLINE__WECHAT__MODE=sandbox
    export HOTLINE__WECHAT__APPS='[{"appid":"wxdemo000000000001","institution":"ecnu"}]'
}

# demo_database BINARY: its schema, and the demo people.
demo_database() {
    [[ $(sql "$CLUSTER_URL/postgres" -tAc "select count(*) from pg_database where datname = 'hotline'") == 1 ]] ||
        sql "$CLUSTER_URL/postgres" --command='create database hotline'
    say "Migrating, and seeing to the demo people …"
    "$1" migrate 9>&-
    "$1" demo 9>&-
}

tell_of_the_demo() {
    cat <<END
  log in as               role
  ----------------------  ----------------------------------------------
  ecnu_admin              administrator of the institution ecnu
  dudao1, dudao2          supervisors
  zixunshi1 … zixunshi4   counselors, on shift every day
  admin                   system administrator
  any code                visitor, through the sandbox of WeChat (appid wxdemo000000000001)

END
}

# --- a throw-away cluster for tests and query checks -----------------------------------------------------------------

# Makes a folder that goes with this script, and removes what killed runs left behind. Sets SCRATCH.
scratch_folder() {
    local state left
    state=$(state_dir)
    for left in "$state"/scratch.*; do
        if [[ -d $left ]] && ! kill -0 "$(cat "$left/owner" 2>/dev/null || say 0)" 2>/dev/null; then
            cluster_stop "$left" immediate
            ! mountpoint -q "$left/small" || umount "$left/small"
            rm -rf "$left"
        fi
    done
    SCRATCH=$(mktemp -d "$state/scratch.XXXXXX")
    printf '%s' $$ >"$SCRATCH/owner"
}

# scratch_cluster [SETTING…]: starts one that dies with this script, with the schema loaded into database "schema".
# Durability is off unless a setting says otherwise: nobody needs these data after a crash. Sets CLUSTER_URL.
scratch_cluster() {
    scratch_folder
    cluster_start "$SCRATCH" fsync=off full_page_writes=off max_connections=800 "$@"
    sql "$CLUSTER_URL/postgres" --command='create database schema'
    local migration
    for migration in migrations/*.sql; do
        sql "$CLUSTER_URL/schema" --single-transaction --file="$migration" || die "$migration does not load."
    done
}

# at_exit [CODE]: every script ends here, however it ends.
at_exit() {
    local code=${1:-$?}
    if [[ -n ${STEP:-} && $code -ne 0 ]]; then say "==> $STEP: failed"; fi
    if [[ -n ${SCRATCH:-} ]]; then
        cluster_stop "$SCRATCH" immediate
        ! mountpoint -q "$SCRATCH/small" || umount "$SCRATCH/small"
        rm -rf "$SCRATCH"
    fi
}
trap at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# describe_queries DIR [LINT…]: checks every query against the schema and writes what sqlx learned of it into DIR, as
# `cargo sqlx prepare` would. Clippy does it on the way, so that nothing is compiled for it alone. sqlx's macros read the
# environment behind cargo's back; a cfg that is never the same makes clippy look at our crates each time.
describe_queries() {
    local out=$1
    shift
    DATABASE_URL=$CLUSTER_URL/schema SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$out \
        cargo clippy --workspace --all-targets --locked -- "$@" --cfg "described=\"$(random_hex 8)\""
}
