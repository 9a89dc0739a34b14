#!/bin/bash
# Copia de la base en backups/. La copia aparece con su nombre final sólo cuando está completa.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p backups
name="backups/backup_$(date +%Y%m%d_%H%M%S).sql"
trap 'rm -f "$name.part" "$name.part.gz"' EXIT
if on_compose; then
    docker exec saas-postgres-prod pg_dump -U "$POSTGRES_USER" --clean --if-exists "$POSTGRES_DB" > "$name.part"
else
    pg_dump --clean --if-exists --file "$name.part" "$DATABASE_URL"
fi
# Un volcado cortado no termina con esta línea.
tail -n 5 "$name.part" | grep -q 'PostgreSQL database dump complete'
gzip "$name.part"
mv "$name.part.gz" "$name.gz"
echo "$name.gz"
