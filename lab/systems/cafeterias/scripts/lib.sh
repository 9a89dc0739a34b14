# Lo que comparten los guiones. Se ejecutan en el directorio del sistema.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
set -a
. ./.env
. ./.env.production
set +a

COMPOSE="${COMPOSE:-docker-compose} -f docker-compose.production.yml"
HEALTH="http://localhost:$PORT/health"

on_compose() { [ "${LAB_PLATFORM:-compose}" = compose ]; }

# Lo que corre como procesos se maneja con el laboratorio.
lab() { "${LAB:-$(sed -n "s/^LAB ?= //p" .lab/lab.mk)}" "$@" --dir .; }

say() { echo "[$(date +%H:%M:%S)] $*"; }

set_version() {
    sed -i "s/^APP_VERSION=.*/APP_VERSION=$1/" .env
    export APP_VERSION=$1
}

version_running() {
    curl -s --max-time 10 "$HEALTH" | python3 -c 'import json, sys; print(json.load(sys.stdin)["version"])'
}

migrate() {
    if on_compose; then
        $COMPOSE run --rm -T backend alembic upgrade head
    else
        (cd backend && "$PYTHON" -m alembic upgrade head)
    fi
}

start_app() {
    if on_compose; then
        $COMPOSE up -d --no-deps backend worker beat
    else
        for service in backend worker beat; do lab restart cafeterias $service; done
    fi
}

build() {
    if on_compose; then $COMPOSE build backend; fi
}

# La versión pedida responde, y dice que está bien. Hasta un minuto.
healthy() {
    for _ in $(seq 60); do
        answer=$(curl -s --max-time 10 "$HEALTH" || true)
        case "$answer" in
            *'"status":"healthy","version":"'"$1"'"'*) return 0 ;;
        esac
        sleep 1
    done
    echo "no está sano: $answer" >&2
    return 1
}
