#!/bin/bash
# Restaura una copia (.sql.gz) en una sola transacción: entra entera o no entra.
set -euo pipefail

file=${1:-}
if [ -z "$file" ] || [ ! -f "$file" ]; then
    echo "uso: $0 ARCHIVO (no existe: '$file')" >&2
    exit 2
fi
plain=$(mktemp)
trap 'rm -f "$plain"' EXIT
gunzip -c "$file" > "$plain"
if ! tail -n 5 "$plain" | grep -q 'PostgreSQL database dump complete'; then
    echo "$file no es un volcado completo de pg_dump; no se tocó la base" >&2
    exit 1
fi
psql -X -q -v ON_ERROR_STOP=1 --single-transaction -f "$plain" "$DATABASE_URL" > /dev/null
echo "restaurado: $file"
