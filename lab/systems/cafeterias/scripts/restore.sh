#!/bin/bash
# Restaura una copia en una sola transacción: entra entera o no entra.
set -euo pipefail
file=$(realpath -- "${1:?uso: $0 ARCHIVO.sql.gz}")
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

plain=$(mktemp)
trap 'rm -f "$plain"' EXIT
gunzip -c "$file" > "$plain"
if ! tail -n 5 "$plain" | grep -q 'PostgreSQL database dump complete'; then
    echo "$file no es un volcado completo; no se tocó la base" >&2
    exit 1
fi
options=(-X -q -v ON_ERROR_STOP=1 --single-transaction)
if on_compose; then
    docker exec -i saas-postgres-prod psql "${options[@]}" -U "$POSTGRES_USER" -d "$POSTGRES_DB" < "$plain" > /dev/null
else
    psql "${options[@]}" -f "$plain" "$DATABASE_URL" > /dev/null
fi
echo "restaurado: $file"
