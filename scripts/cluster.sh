#!/usr/bin/env bash
# make cluster: three servers with demo people behind an nginx, on three nats-servers and a PostgreSQL of their own. Ctrl-C stops
# all of it; the data stay. From another terminal, while it runs:
#     scripts/cluster.sh status                  who serves what
#     scripts/cluster.sh kill|stop|start NAME    one, two or three; nats-one, nats-two or nats-three
# PORT=… is nginx's port, and the three after it are the servers'. HOTLINE=… is a server that is built already.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

SERVERS=(one two three)
STATE=$(state_dir)
CLUSTER=$STATE/cluster
usage() { die "it is 'scripts/cluster.sh' (make cluster), or with 'status', or with 'kill', 'stop' or 'start' and one of: ${SERVERS[*]} ${SERVERS[*]/#/nats-}."; }


# --- one of them -----------------------------------------------------------------------------------------------------

# Which of SERVERS it is, from 0.
place_of() {
    local place
    for place in "${!SERVERS[@]}"; do
        if [[ ${SERVERS[place]} == "$1" ]]; then
            printf '%s' "$place"
            return
        fi
    done
    usage
}

port_of() { printf '%s' $((PORT + 1 + $(place_of "$1"))); }

nats_start_one() {
    local place others=() other
    place=$(place_of "${1#nats-}")
    for other in "${!SERVERS[@]}"; do ((other == place)) || others+=("${ROUTE_PORTS[other]}"); done
    nats_start "$CLUSTER/$1" "$1" "${NATS_PORTS[place]}" "${ROUTE_PORTS[place]}" "${others[@]}"
}

# All three nats-servers are named to each, the nearest first.
bus_of() {
    local place step password urls=()
    password=$(nats_password)
    place=$(place_of "$1")
    for step in 0 1 2; do urls+=("nats://hotline:$password@127.0.0.1:${NATS_PORTS[(place + step) % 3]}"); done
    (IFS=, && printf '%s' "${urls[*]}")
}

# Alive: whether it serves or stands by, is another question.
server_start() {
    local name=$1 dir=$CLUSTER/$1 port bus waited=0
    ! daemon_pid "$dir" >/dev/null || return 0
    port=$(port_of "$name")
    bus=$(bus_of "$name")
    ! port_taken "$port" || die "port $port, which is meant for the server '$name', is taken by another program. Stop it, or choose other ports: make cluster PORT=9080"
    mkdir -p "$dir"
    HOTLINE__SERVER__PORT=$port HOTLINE__CLUSTER__NAME=$name HOTLINE__CLUSTER__BUS=$bus \
        daemon_start "$dir" "$BINARY" --config "$ROOT/config.toml" serve
    until curl -fsS -o /dev/null --max-time 2 "http://127.0.0.1:$port/health/live" 2>/dev/null; do
        daemon_pid "$dir" >/dev/null || die "the server '$name' did not start; it said:
$(tail -n 5 "$dir/log")"
        ((++waited < 300)) || die "the server '$name' did not answer within a minute; it said:
$(tail -n 5 "$dir/log")"
        sleep 0.2
    done
}

# What its /health/ready says, in a word.
ready_word() {
    local said
    said=$(curl -sS --max-time 6 "http://127.0.0.1:$(port_of "$1")/health/ready" 2>/dev/null) || said='"no answer"'
    said=${said#*\"status\":}
    tr -d '"{}' <<<"$said"
}

# --- nginx -----------------------------------------------------------------------------------------------------------

# Who is asked first, and who may be asked then. Nobody is left out for having failed (max_fails): a 503 would count, too, and a
# server that says it for one institution may own another.
orders() {
    local first name
    for first in "${SERVERS[@]}"; do
        printf '    upstream from_%s {\n        server 127.0.0.1:%s max_fails=0;\n' "$first" "$(port_of "$first")"
        for name in "${SERVERS[@]}"; do
            [[ $name == "$first" ]] || printf '        server 127.0.0.1:%s max_fails=0 backup;\n' "$(port_of "$name")"
        done
        printf '    }\n'
    done
}

nginx_settings() {
    cat <<END
# Made by scripts/cluster.sh at every start. For production: deploy/nginx.conf.
daemon off;
# One process, which is known by its number.
master_process off;
pid nginx.pid;
error_log log warn;
events { worker_connections 4096; }
http {
    access_log off;
    server_tokens off;
    client_body_temp_path temporary/body;
    proxy_temp_path       temporary/proxy;
    fastcgi_temp_path     temporary/fastcgi;
    uwsgi_temp_path       temporary/uwsgi;
    scgi_temp_path        temporary/scgi;
    # People's words and pictures (6 MiB) stay in memory, and whole, so that they can be sent to another server.
    client_max_body_size     6m;
    client_body_buffer_size  6m;
    proxy_max_temp_file_size 0;

    map \$http_upgrade \$hotline_connection {
        default upgrade;
        ""      close;
    }
    # Whether the last server that was tried was sent anything: no, where not even a connection came about.
    map \$upstream_bytes_sent \$hotline_was_asked {
        # Looked at anew after each of them.
        volatile;
        default       1;
        "~(^|[ ])0\$" 0;
    }
$(orders)
    split_clients \$request_id \$hotline_first {
        33.3% from_one;
        33.3% from_two;
        *     from_three;
    }
    map \$hotline_first \$hotline_second { from_one from_two;   from_two from_three; from_three from_one; }
    map \$hotline_first \$hotline_third  { from_one from_three; from_two from_one;   from_three from_two; }
    server {
        listen 127.0.0.1:$PORT;

        proxy_http_version 1.1;
        # No X-Forwarded-For and the like: a server with demo people answers this machine alone, and refuses what was forwarded.
        proxy_set_header Host       \$http_host;
        proxy_set_header Upgrade    \$http_upgrade;
        proxy_set_header Connection \$hotline_connection;
        proxy_connect_timeout 2s;
        # The servers ping their sockets every 15 seconds; a request is answered well within this.
        proxy_read_timeout 75s;
        proxy_send_timeout 75s;

        # What may have been done is asked of nobody else. With 503 a server has surely done nothing (docs/operations.md,
        # "Several servers"), so the next one is asked, whatever the method: that is what non_idempotent says. 'error' and
        # 'timeout' must not stand here: they hold also for a connection that breaks off in the middle, non_idempotent would
        # let a POST be repeated then, and for nginx PUT and DELETE are idempotent anyway, which ours are not.
        proxy_next_upstream http_503 non_idempotent;

        # So a server that cannot be reached at all ends in 502 (504 if it does not even refuse). Where not a byte was sent,
        # it is asked anew from the second server on, and from the third. What nobody took is 503: it was not done.
        recursive_error_pages on;
        location / {
            error_page 502 504 = @second;
            proxy_pass http://\$hotline_first;
        }
        location @second {
            error_page 502 504 = @third;
            if (\$hotline_was_asked) { return 502; }
            proxy_pass http://\$hotline_second;
        }
        location @third {
            error_page 502 504 = @nobody;
            if (\$hotline_was_asked) { return 502; }
            proxy_pass http://\$hotline_third;
        }
        location @nobody {
            if (\$hotline_was_asked) { return 502; }
            return 503;
        }
        # Figures are each server's own.
        location = /metrics { return 404; }
    }
}
END
}

nginx_start() {
    local dir=$CLUSTER/nginx waited=0
    mkdir -p "$dir/temporary"
    nginx_settings >"$dir/nginx.conf"
    touch "$dir/log" "$dir/nginx.pid"
    # Where it writes itself.
    if ((EUID == 0)); then chown -R postgres: "$dir/temporary" "$dir/log" "$dir/nginx.pid"; fi
    daemon_start "$dir" "${UNPRIVILEGED[@]}" nginx -p "$dir/" -c nginx.conf -e log
    until port_taken "$PORT"; do
        if ! daemon_pid "$dir" >/dev/null || ((++waited > 100)); then
            die "nginx did not start; it said:
$(tail -n 5 "$dir/log")"
        fi
        sleep 0.1
    done
}

# --- all of them -----------------------------------------------------------------------------------------------------

everybody() { printf '%s\n' nginx "${SERVERS[@]}" "${SERVERS[@]/#/nats-}"; }

# Those who do not run, in a line.
away() {
    local name
    for name in $(everybody); do daemon_pid "$CLUSTER/$name" >/dev/null || printf '%s ' "$name"; done
    cluster_pid "$CLUSTER" >/dev/null || printf 'PostgreSQL'
}

# In order: the servers, who see to their people's sockets, then what they lean on.
stop_everybody() {
    daemon_stop "${SERVERS[@]/#/$CLUSTER/}"
    daemon_stop "$CLUSTER/nginx"
    daemon_stop "${SERVERS[@]/#/$CLUSTER/nats-}"
    cluster_stop "$CLUSTER"
}

# shellcheck disable=SC2317 # called by the trap
end() {
    local code=$?
    trap '' INT TERM HUP
    stop_everybody
    exit "$code"
}

settle() {
    local taken=("$PORT" $((PORT + 1)) $((PORT + 2)) $((PORT + 3))) ports=()
    for _ in {1..6}; do
        ports+=("$(free_port "${taken[@]}" "${ports[@]}")")
    done
    printf 'PORT=%q\nBINARY=%q\nNATS_PORTS=(%s)\nROUTE_PORTS=(%s)\n' "$PORT" "$BINARY" "${ports[*]:0:3}" "${ports[*]:3:3}" >"$CLUSTER/settled"
    # shellcheck source=/dev/null
    . "$CLUSTER/settled"
}

tell() {
    local base=http://127.0.0.1:$PORT
    cat <<END

  Three servers run behind $base      (Ctrl-C stops all; 'make cluster' again finds its data)

  Open two windows:       $base/visitor     a visitor, as in the mini-program
                          $base/            counselors, supervisors, administrators

END
    tell_of_the_demo
    cat <<END
  Everybody's password is hotline-demo.

  server (and its own address)          its nats-server
  ------------------------------------  -------------------------------
$(for name in "${SERVERS[@]}"; do printf '  %-10s http://127.0.0.1:%-10s nats-%-10s 127.0.0.1:%s\n' "$name" "$(port_of "$name")" "$name" "${NATS_PORTS[$(place_of "$name")]}"; done)

  From another terminal:
  scripts/cluster.sh status               who serves what
  scripts/cluster.sh kill two             kill one (SIGKILL)
  scripts/cluster.sh stop two             stop one (SIGTERM)
  scripts/cluster.sh start two            start it again
  scripts/cluster.sh kill nats-two        the same for a nats-server
  tail -f $CLUSTER/{one,two,three}/log

END
}

run() {
    local was=nobody now name waited=0
    PORT=${PORT:-8080}
    [[ $PORT =~ ^[1-9][0-9]{0,4}$ && $PORT -le 65532 ]] || die "PORT=$PORT is not a port with three more above it: it must be between 1 and 65532."
    NEED_NATS=1 NEED_NGINX=1 need_tools
    exec 9>"$STATE/cluster.lock"
    flock -n 9 || die "'make cluster' is already running in this checkout."
    mkdir -p "$CLUSTER"
    # What a killed run left behind.
    if [[ $(away) != "$(everybody | tr '\n' ' ')PostgreSQL" ]]; then
        say "Stopping what an earlier run left behind …"
        stop_everybody
    fi
    for name in "$PORT" $((PORT + 1)) $((PORT + 2)) $((PORT + 3)); do
        ! port_taken "$name" || die "port $name is taken by another program. Stop it, or choose other ports: make cluster PORT=9080 (takes four in a row)"
    done
    if [[ -n ${HOTLINE:-} ]]; then
        BINARY=$(readlink -f "$HOTLINE")
        [[ -x $BINARY ]] || die "HOTLINE=$HOTLINE is no program."
    else
        say "Building …"
        scripts/web.sh 9>&-
        SQLX_OFFLINE=true cargo build --locked --bin hotline 9>&- || die "the server does not build; cargo says why above."
        BINARY=$(target_dir)/debug/hotline
    fi

    trap end EXIT
    trap 'exit 129' HUP
    say "Starting PostgreSQL …"
    # A server takes thirty connections.
    cluster_start "$CLUSTER" max_connections=150
    settle
    demo_settings "$CLUSTER"
    demo_database "$BINARY"
    say "Starting three nats-servers, three servers, and nginx …"
    for name in "${SERVERS[@]}"; do nats_start_one "nats-$name"; done
    for name in "${SERVERS[@]}"; do server_start "$name"; done
    nginx_start
    until curl -fsS -o /dev/null --max-time 6 "http://127.0.0.1:$PORT/health/ready" 2>/dev/null; do
        ((++waited < 150)) || die "none of the servers was ready within half a minute; their logs are $CLUSTER/{one,two,three}/log."
        sleep 0.2
    done
    tell
    trap 'say; say "Stopping …"; exit 0' INT TERM HUP
    while :; do
        now=$(away)
        if [[ $now != "$was" ]]; then say "$(date +%T)  ${now:+away: }${now:-all are there}"; fi
        case $now in
        *nginx* | *PostgreSQL*) die "${now% } stopped by itself; the logs are $CLUSTER/nginx/log and $CLUSTER/log." ;;
        esac
        was=$now
        sleep 1 &
        wait $! || true
    done
}

# --- while it runs ---------------------------------------------------------------------------------------------------

# What the run of another terminal has settled.
find_the_run() {
    find_postgres || die "PostgreSQL is missing."
    if [[ ! -r $CLUSTER/settled ]] || flock -n "$STATE/cluster.lock" true || ! cluster_find "$CLUSTER"; then
        die "'make cluster' does not run in this checkout, or has only begun to start."
    fi
    # shellcheck source=/dev/null
    . "$CLUSTER/settled"
    demo_settings "$CLUSTER"
}

status() {
    local name
    for name in "${SERVERS[@]}"; do
        printf '%-10s http://127.0.0.1:%-6s %-12s nats-%s: %s\n' "$name" "$(port_of "$name")" \
            "$(if daemon_pid "$CLUSTER/$name" >/dev/null; then ready_word "$name"; else say away; fi)" \
            "$name" "$(if daemon_pid "$CLUSTER/nats-$name" >/dev/null; then say runs; else say away; fi)"
    done
    say
    sql "$CLUSTER_URL/hotline" --command="
        select i.code as institution, coalesce(n.name, '(nobody)') as server, o.epoch, date_trunc('second', o.since) as since
        from institutions i left join owners o on o.institution = i.code left join nodes n on n.id = o.node order by i.code" \
        --command="
        select name as server, date_trunc('second', joined_at) as since, leaving,
               lease_until > clock_timestamp() as lease, protocol, version
        from nodes order by joined_at"
}

# one_of_them DO NAME
one_of_them() {
    local dir=$CLUSTER/$2
    place_of "${2#nats-}" >/dev/null
    case $1 in
    start)
        if daemon_pid "$dir" >/dev/null; then die "$2 runs already."; fi
        case $2 in
        nats-*) nats_start_one "$2" ;;
        *) server_start "$2" ;;
        esac
        ;;
    *)
        daemon_pid "$dir" >/dev/null || die "$2 does not run."
        case $1 in
        kill) daemon_signal KILL "$dir" && daemon_stop "$dir" ;;
        stop) daemon_stop "$dir" ;;
        esac
        ;;
    esac
    status
}

case $#:${1:-run} in
0:run) run ;;
1:status) find_the_run && status ;;
2:kill | 2:stop | 2:start) find_the_run && one_of_them "$1" "$2" ;;
*) usage ;;
esac
