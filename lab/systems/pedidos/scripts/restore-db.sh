#!/bin/sh
# Restaura una copia (.sql o .sql.gz) en una sola transacción: entra entera o no entra.
set -eu
cd "$(dirname "$0")/.."
set -a
. ./.env
set +a

file=${1:-}
if [ -z "$file" ] || [ ! -f "$file" ]; then
    echo "uso: $0 ARCHIVO (no existe: '$file')" >&2
    exit 2
fi
plain=$(mktemp)
trap 'rm -f "$plain"' EXIT
case "$file" in
    *.gz) gunzip -c "$file" > "$plain" ;;
    *) cat "$file" > "$plain" ;;
esac
# Antes de tocar la base: que el volcado esté completo.
if ! tail -n 5 "$plain" | grep -q 'PostgreSQL database dump complete'; then
    echo "$file no es un volcado completo de pg_dump; no se tocó la base" >&2
    exit 1
fi
if [ "${LAB_PLATFORM:-process}" = compose ]; then
    ${COMPOSE:-docker-compose} exec -T postgres psql -X -q -U "$POSTGRES_USER" -d "$POSTGRES_DB" \
        -v ON_ERROR_STOP=1 --single-transaction < "$plain" > /dev/null
else
    psql -X -q -v ON_ERROR_STOP=1 --single-transaction -f "$plain" "$DATABASE_URL" > /dev/null
fi
echo "restaurado: $file"
