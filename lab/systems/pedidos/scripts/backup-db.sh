#!/bin/sh
# Copia de la base en BACKUP_DIR. La copia aparece con su nombre final sólo cuando está completa.
set -eu
cd "$(dirname "$0")/.."
set -a
. ./.env
set +a

mkdir -p "${BACKUP_DIR:=backups}"
name="$BACKUP_DIR/pedidos_$(date +%Y%m%d_%H%M%S).sql"
trap 'rm -f "$name.part" "$name.part.gz"' EXIT

if [ "${LAB_PLATFORM:-process}" = compose ]; then
    ${COMPOSE:-docker-compose} exec -T postgres pg_dump -U "$POSTGRES_USER" --clean --if-exists "$POSTGRES_DB" > "$name.part"
else
    pg_dump --clean --if-exists --file "$name.part" "$DATABASE_URL"
fi
# Un volcado cortado no termina con esta línea.
tail -n 5 "$name.part" | grep -q 'PostgreSQL database dump complete'
gzip "$name.part"
mv "$name.part.gz" "$name.gz"
echo "$name.gz"
