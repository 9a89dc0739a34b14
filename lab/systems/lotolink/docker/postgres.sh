#!/bin/sh
# Makes the cluster the first time, and then is the server.
set -eu

if [ "$(id -u)" = 0 ]; then
    # A volume that was just made belongs to root.
    install -d -o postgres -g postgres -m 700 /data/postgres
    exec setpriv --reuid postgres --regid postgres --init-groups "$0"
fi
data=/data/postgres/pg
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)

if [ ! -f "$data/complete" ]; then
    rm -rf "$data"
    printf '%s' "$DATABASE_PASSWORD" > /data/postgres/password
    "$bin/initdb" --pgdata "$data" --username "$DATABASE_USER" --encoding UTF8 --locale C.UTF-8 --no-sync \
        --auth-local trust --auth-host scram-sha-256 --no-instructions --pwfile /data/postgres/password
    rm -f /data/postgres/password
    echo 'host all all all scram-sha-256' >> "$data/pg_hba.conf"
    printf 'CREATE DATABASE "%s"\n' "$DATABASE_NAME" | "$bin/postgres" --single -j -D "$data" postgres > /dev/null
    touch "$data/complete"
fi
exec "$bin/postgres" -D "$data" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql \
    -c shared_buffers=32MB -c shared_preload_libraries=pg_stat_statements -c log_min_duration_statement=1000
