#!/usr/bin/env bash
# torture.sh long|short: a real server on a PostgreSQL of its own, killed, cut off, frozen and crowded, and then judged by
# what it told its clients (torture/); once more with our own IM, whose visitors say their last words and are gone; and
# once more with several servers, one of which serves until it is killed, frozen, cut off or stopped; and with several that
# share the institutions over a bus, where any takes any request.
# long takes the release build and seven to twelve minutes, and the several servers besides; short whatever 'make test' has built and about five minutes.
# SEED=… draws the same chances again; PART=dispatch, PART=last-words, PART=cluster or PART=bus does one of them alone; NODES=…
# is how many servers there are in the last two (3, short 2).
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

FORM=${1:-long}
case $FORM in
long) PROFILE=release ASKED='make torture' SMALL_MEGABYTES=384 ;;
short) PROFILE=debug ASKED='scripts/torture.sh short' SMALL_MEGABYTES=96 ;;
*) die "it is 'long' or 'short', not '$FORM'." ;;
esac
FOLDER=$(target_dir)/torture/$FORM
PARTS=${PART:-dispatch last-words cluster bus}

# Tables on a disk that can be filled without filling anybody else's.
small_disk() {
    ((EUID == 0)) || return 1
    mkdir "$SCRATCH/small"
    mount -t tmpfs -o "size=${SMALL_MEGABYTES}m,mode=700,uid=$(id -u postgres)" hotline-small "$SCRATCH/small" 2>/dev/null || return 1
    as_postgres mkdir "$SCRATCH/small/tablespace"
}

# However it ended: nothing of it goes on, and nothing stays frozen.
torture_exit() {
    local code=$? pid
    for pid in $(cat "$FOLDER/pids" "$FOLDER"/{last-words,cluster,bus}/pids 2>/dev/null); do
        case $(readlink "/proc/$pid/cwd" 2>/dev/null) in
        "$FOLDER" | "$FOLDER"/last-words | "$FOLDER"/cluster | "$FOLDER"/bus) kill -KILL "$pid" 2>/dev/null || true ;;
        esac
    done
    if [[ -n ${SCRATCH:-} ]] && pid=$(cluster_pid "$SCRATCH"); then
        kill -CONT "$pid" || true
        for pid in $(cat "/proc/$pid/task/$pid/children" 2>/dev/null); do kill -CONT "$pid" || true; done
    fi
    at_exit "$code"
}
trap torture_exit EXIT

if [[ $FORM == long ]]; then
    NEED_NATS=1 need_tools
    say "Building the server and the fault injector as for production …"
    scripts/web.sh
    SQLX_OFFLINE=true cargo build --release --locked --bin hotline --bin hotline-torture --package hotline \
        --package hotline-torture || die "it does not build; cargo says why above."
else
    find_postgres || die "PostgreSQL is missing."
    command -v nats-server >/dev/null || die "nats-server is missing."
fi
BINARIES=$(target_dir)/$PROFILE
# Two thousand sockets on either side.
ulimit -Sn "$(ulimit -Hn)" 2>/dev/null || true
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
FOLDER=$(readlink -f "$FOLDER")
scratch_folder
# The cluster first: its folder is made there.
cluster_start "$SCRATCH" max_connections=200
SMALL=()
if small_disk; then SMALL=(--small-disk "$SCRATCH/small"); fi

# Each of the first two takes a few minutes; one that does not come to its end has failed. Several servers may take twice as long.
SECONDS_MAX=${SECONDS_MAX:-1200}

# run_part PART FOLDER [OPTION…]
run_part() {
    local part=$1 folder=$2
    shift 2
    timeout --kill-after=20 "$SECONDS_MAX" "$BINARIES/hotline-torture" --part "$part" --form "$FORM" --server "$BINARIES/hotline" --cluster "$SCRATCH" \
        --postgres "$PG_BIN" --postgres-options "$CLUSTER_OPTIONS" --folder "$folder" --command "$ASKED" "$@"
}

# All are done, whatever becomes of the first.
FAILED=()
for part in $PARTS; do
    case $part in
    dispatch) run_part dispatch "$FOLDER" "${SMALL[@]}" || FAILED+=("$FOLDER") ;;
    last-words) run_part last-words "$FOLDER/last-words" || FAILED+=("$FOLDER/last-words") ;;
    cluster | bus) SECONDS_MAX=$((SECONDS_MAX * 2)) run_part "$part" "$FOLDER/$part" ${NODES:+--nodes "$NODES"} || FAILED+=("$FOLDER/$part") ;;
    *) die "PART is 'dispatch', 'last-words', 'cluster' or 'bus', not '$part'." ;;
    esac
done
((${#FAILED[@]} == 0)) && exit
# Last, so that whoever sees only the end of this output knows what it was; a part that broke off has said why itself.
for folder in "${FAILED[@]}"; do
    [[ -r $folder/report.txt ]] || continue
    say "Found in $folder:"
    sed -n '/^torture /p; /^findings /,$p' "$folder/report.txt" >&2
done
die "it did not hold. The report, the history of all clients and the server's logs are in ${FAILED[*]}."
