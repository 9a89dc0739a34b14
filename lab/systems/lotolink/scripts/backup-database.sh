#!/bin/bash
# Copia de la base en /backups (o BACKUP_DIR). Aparece con su nombre final sólo cuando está completa.
set -euo pipefail

dir=${BACKUP_DIR:-/backups}
mkdir -p "$dir"
name="$dir/backup_$(date +%Y%m%d_%H%M%S).sql.gz"
trap 'rm -f "$name.part"' EXIT
pg_dump --clean --if-exists "$DATABASE_URL" | gzip > "$name.part"
# Un volcado cortado no termina con esta línea.
gunzip -c "$name.part" | tail -n 5 | grep -q 'PostgreSQL database dump complete'
mv "$name.part" "$name"
ln -sfn "$(basename "$name")" "$dir/latest.sql.gz"
echo "$name"
