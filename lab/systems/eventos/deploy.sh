#!/bin/bash
# Eventos: `./deploy.sh` despliega el commit actual; también status, logs, backup y rollback.
set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
set -a
. ./.env
set +a

COMPOSE="docker-compose -f docker-compose.prod.yml"
HEALTH="http://127.0.0.1:$PORT/api/health"

on_compose() { [ "${LAB_PLATFORM:-compose}" = compose ]; }
# Lo que corre como procesos se maneja con el laboratorio.
lab() { "${LAB:-$(sed -n "s/^LAB ?= //p" .lab/lab.mk)}" "$@"; }
say() { echo "[$(date +%H:%M:%S)] $*"; }

set_version() {
    sed -i "s/^APP_VERSION=.*/APP_VERSION=$1/" .env
    export APP_VERSION=$1
}

migrate() {
    if on_compose; then
        $COMPOSE run --rm --no-deps -T app lab eventos migrate < /dev/null
    else
        lab eventos migrate
    fi
}

start_app() {
    if on_compose; then
        $COMPOSE up -d --no-deps --no-build app
    else
        lab restart eventos app --dir .
    fi
}

# La versión pedida responde, y dice que está bien. Hasta un minuto.
healthy() {
    answer="nadie"
    for _ in $(seq 120); do
        answer=$(curl -s --max-time 10 "$HEALTH" || true)
        case "$answer" in
            *'"status":"healthy"'*'"version":"'"$1"'"'*) return 0 ;;
        esac
        sleep 0.5
    done
    echo "no está sano: $answer" >&2
    return 1
}

back() {
    trap - ERR
    say "falló: se vuelve a $version_before"
    git checkout -q "$before"
    set_version "$version_before"
    start_app
    healthy "$version_before" || say "la versión anterior tampoco está sana"
    exit 1
}

deploy() {
    before=$(git rev-parse HEAD)
    version_before=$APP_VERSION
    say "1/5 copia de la base"
    docker/backup.sh
    version=$(git describe --tags --always)
    trap back ERR
    set_version "$version"
    say "2/5 imagen de $version"
    if on_compose; then $COMPOSE build app; fi
    say "3/5 migraciones"
    migrate
    say "4/5 aplicación"
    start_app
    say "5/5 salud"
    healthy "$version"
    trap - ERR
    [ "$version" = "$version_before" ] || echo "$version_before" > run/version_before
    say "desplegada: $version (antes: $version_before)"
}

# A la versión anterior, sin preguntar. La base queda como está.
rollback() {
    version=$(cat run/version_before 2> /dev/null || true)
    if [ -z "$version" ] || ! git rev-parse -q --verify "$version^{commit}" > /dev/null; then
        echo "no hay versión anterior a la que volver" >&2
        exit 1
    fi
    git checkout -q "$version"
    set_version "$version"
    start_app
    healthy "$version"
    say "de vuelta en $version"
}

status() {
    if on_compose; then $COMPOSE ps; else lab status eventos --dir . || true; fi
    curl -sS --max-time 10 "$HEALTH" || true
    echo
}

logs() {
    if on_compose; then $COMPOSE logs --no-color --tail=100; else tail -n 100 logs/*.log; fi
}

case "${1:-deploy}" in
    deploy | rollback | status | logs) "${1:-deploy}" ;;
    backup) docker/backup.sh ;;
    *) echo "uso: $0 [status | logs | backup | rollback]" >&2; exit 2 ;;
esac
