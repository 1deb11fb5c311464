#!/usr/bin/env bash
# api.sh CLUSTER_URL FOLDER: a server with demo people on a database of its own, asked at random, as everybody who can log
# in and as nobody, within what its OpenAPI document allows and beyond. No answer may be a fault of ours or unlike the
# document.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

CLUSTER_URL=$1
FOLDER=$2/api
EXAMPLES=${EXAMPLES:-8}
# The same questions at every run; SEED=… asks others.
SEED=${SEED:-1}
BINARY=$(target_dir)/debug/hotline

find_postgres || die "PostgreSQL is missing."
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
VENV=$(state_dir)/venv
if ! cmp -s tests/api/requirements.txt "$VENV/requirements.txt"; then
    rm -rf "$VENV"
    python3 -m venv "$VENV" || die "python3 cannot make a virtual environment: is python3-venv there?"
    "$VENV/bin/pip" install --quiet --requirement tests/api/requirements.txt ||
        die "the Python packages in tests/api/requirements.txt could not be fetched: is there a network?"
    cp tests/api/requirements.txt "$VENV/requirements.txt"
fi

"$PG_BIN/psql" -q "$CLUSTER_URL/postgres" -c 'create database api_document'
export HOTLINE__DATABASE__URL=$CLUSTER_URL/api_document
export HOTLINE__SERVER__PORT=0 HOTLINE__DEMO__ENABLED=true HOTLINE__LOG__FILTER=warn HOTLINE__LOG__FORMAT=json
export HOTLINE__WECHAT__MODE=sandbox
export HOTLINE__WECHAT__APPS='[{"appid":"wxdemo000000000001","institution":"ecnu"}]'
export HOTLINE__IM__SDK_APP_ID=1400000000 HOTLINE__IM__REST_URL=
HOTLINE__IM__SECRET_KEY=$(random_hex 32)
export HOTLINE__IM__SECRET_KEY
"$BINARY" migrate
"$BINARY" demo
"$BINARY" serve --address-file "$FOLDER/address" >>"$FOLDER/log" 2>&1 &
SERVER=$!
# What was begun beside it ends with it, too.
trap 'kill $(jobs -p) 2>/dev/null || true; wait "$SERVER" 2>/dev/null || true' EXIT
for _ in {1..300}; do
    [[ -s $FOLDER/address ]] && break
    kill -0 "$SERVER" 2>/dev/null || die "the server did not start: $(tail -n 5 "$FOLDER/log")"
    sleep 0.1
done
BASE=http://$(<"$FOLDER/address")

token() { curl -fsS -o /dev/null -D - "$@" | tr -d '\r' | sed -n 's/^x-auth-token: //ip'; }

staff() {
    local password
    password=$(printf hotline-demo | md5sum | cut -c1-32)
    token -H 'Content-Type: application/json' -d "{\"username\":\"$1\",\"password\":\"$password\"}" "$BASE/auth/login"
}

# ask WHO [TOKEN]: left out are the end of one's own log-in, and what is no HTTP. Nothing of it may end the log-in, since from then on
# nothing but that would be answered.
ask() {
    local who=$1 bearer=()
    [[ -z ${2:-} ]] || bearer=(--header "Authorization: Bearer $2")
    say "    as $who (SEED=$SEED)"
    # In the scratch folder: it leaves notes where it runs.
    (cd "$FOLDER" && "$VENV/bin/schemathesis" run "$BASE/api/openapi.json" --url "$BASE" "${bearer[@]}" \
        --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
        --phases examples,coverage,fuzzing --max-examples "$EXAMPLES" --seed "$SEED" --workers 1 --continue-on-failure \
        --suppress-health-check all --request-timeout 20 --no-color \
        --exclude-path /logout --exclude-path-regex '/ws$') >"$FOLDER/$who" 2>&1 ||
        { tail -n 150 "$FOLDER/$who"; die "what was asked as $who was not answered as the OpenAPI document says."; }
    [[ -z ${2:-} ]] || curl -fsS -o /dev/null -H "Authorization: Bearer $2" "$BASE/auth/me" || die "$who is not logged in any more."
    grep -A1 '^Test cases:' "$FOLDER/$who" | tail -n 1 || true
}

# Whoever asks writes what they ask in Python, on one core, while the server does little: so two ask at a time.
VISITOR=$(token -X POST "$BASE/auth/wx/wxdemo000000000001/login?code=api")
begun=()
for who in nobody visitor zixunshi1 dudao1 ecnu_admin admin; do
    case $who in
    nobody) ask nobody & ;;
    visitor) ask visitor "$VISITOR" & ;;
    *) ask "$who" "$(staff "$who")" & ;;
    esac
    begun+=($!)
    if ((${#begun[@]} == 2)); then
        for one in "${begun[@]}"; do wait "$one" || FAILED=1; done
        begun=()
    fi
done
[[ -z ${FAILED:-} ]] || die "not everything was answered as the OpenAPI document says (above)."
# A client's malformed request is an error to the HTTP library; ours are under our own name.
faults=$(grep '"level":"ERROR"' "$FOLDER/log" | grep '"target":"hotline' || true)
[[ -z $faults ]] || die "the server's log tells of a fault: ${faults:0:2000}"
