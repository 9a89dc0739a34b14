#!/bin/sh
# Makes the cluster the first time, and then is the server.
set -eu

data=/data/postgres/pg
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)

if [ ! -f "$data/complete" ]; then
    rm -rf "$data"
    printf '%s' "$POSTGRES_PASSWORD" > /data/postgres/password
    "$bin/initdb" --pgdata "$data" --username "$POSTGRES_USER" --encoding UTF8 --locale C.UTF-8 \
        --auth-local trust --auth-host scram-sha-256 --no-instructions --pwfile /data/postgres/password
    rm -f /data/postgres/password
    echo 'host all all all scram-sha-256' >> "$data/pg_hba.conf"
    printf 'CREATE DATABASE "%s"\n' "$POSTGRES_DB" | "$bin/postgres" --single -j -D "$data" postgres > /dev/null
    touch "$data/complete"
fi
exec "$bin/postgres" -D "$data" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql \
    -c shared_preload_libraries=pg_stat_statements -c log_min_duration_statement=1000
