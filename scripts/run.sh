#!/usr/bin/env bash
# make run: the whole server with demo people on a PostgreSQL of its own. Ctrl-C stops all of it; the data stay.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

PORT=${PORT:-8080}
BASE=http://127.0.0.1:$PORT
[[ $PORT =~ ^[1-9][0-9]{0,4}$ && $PORT -le 65535 ]] || die "PORT=$PORT is not a port: it must be between 1 and 65535."
if port_taken "$PORT"; then
    die "port $PORT is taken by another program. Stop it, or choose another port: make run PORT=8081"
fi

# shellcheck disable=SC2317 # called by the trap
stop_all() {
    local code=$?
    trap '' INT TERM
    if [[ -n ${SERVER:-} ]] && kill -TERM "$SERVER" 2>/dev/null; then
        wait "$SERVER" || true
    fi
    if [[ -n ${RUN:-} ]]; then cluster_stop "$RUN"; fi
    exit "$code"
}

serve() {
    local waited=0
    "$BINARY" serve 9>&- &
    SERVER=$!
    until curl -fsS -o /dev/null "$BASE/health/ready" 2>/dev/null; do
        kill -0 "$SERVER" 2>/dev/null || die "the server did not start; it says why above."
        ((++waited < 300)) || die "the server was not ready within a minute; it says why above."
        sleep 0.2
    done
}

tell() {
    cat <<END

  The hotline runs at $BASE      (Ctrl-C stops it; 'make run' again finds its data)

  Open two windows:       $BASE/visitor     a visitor, as in the mini-program
                          $BASE/            counselors, supervisors, administrators
  (A supervisor beside a counselor in one browser: http://localhost:$PORT/ has a log-in of its own.)

END
    tell_of_the_demo
    cat <<END
  Everybody's password is hotline-demo. Without a browser (clients send the password's MD5), paste into another terminal:

  # a counselor logs in; who is it?
  curl -s -c /tmp/hotline-staff -H 'Content-Type: application/json' $BASE/auth/login \\
       -d '{"username":"zixunshi1","password":"'\$(printf hotline-demo | md5sum | cut -c1-32)'"}'; echo
  curl -s -b /tmp/hotline-staff $BASE/auth/me; echo

  # a visitor logs in and asks for anyone: nobody is at the workbench yet, so the visitor waits
  curl -s -c /tmp/hotline-visitor -X POST '$BASE/auth/wx/wxdemo000000000001/login?code=first'; echo
  ID=\$(curl -s -b /tmp/hotline-visitor -X PUT -H 'Content-Type: application/json' -d '{"counselor":"any"}' \\
       $BASE/conversation | tee /dev/stderr | grep -o '[0-9a-f]\\{32\\}' | head -n1); echo

  # the counselor's workbench connects (for half a minute: curl answers no pings) and the visitor is seated
  curl -s -N --http1.1 --max-time 30 --output - -b /tmp/hotline-staff -H 'Origin: $BASE' -H 'Connection: Upgrade' \\
       -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: aG90bGluZS1ob3RsaW5lIQ==' \\
       $BASE/workbench/ws & sleep 2; echo
  curl -s -b /tmp/hotline-visitor $BASE/conversation/\$ID; echo

  # the visitor ends the talk
  curl -s -b /tmp/hotline-visitor -X POST $BASE/conversation/end/\$ID; echo

END
}

need_tools
STATE=$(state_dir)
exec 9>"$STATE/run.lock"
flock -n 9 || die "'make run' is already running in this checkout."

say "Building …"
scripts/web.sh 9>&-
SQLX_OFFLINE=true cargo build --locked --bin hotline 9>&- || die "the server does not build; cargo says why above."
BINARY=$(target_dir)/debug/hotline

trap stop_all EXIT
RUN=$STATE/run
say "Starting PostgreSQL …"
cluster_start "$RUN"
demo_settings "$RUN"
export HOTLINE__SERVER__PORT=$PORT
demo_database "$BINARY"
serve
tell
trap 'say; say "Stopping …"; exit 0' INT TERM
wait "$SERVER" || true
SERVER=''
die "the server stopped by itself; it says why above."
