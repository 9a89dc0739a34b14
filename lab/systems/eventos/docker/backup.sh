#!/bin/bash
# Copias de la base en docker/backups/: `docker/backup.sh`, `docker/backup.sh list`, `docker/backup.sh restore ARCHIVO`.
# La copia aparece con su nombre final sólo cuando está completa; las de más de 30 días se borran.
set -euo pipefail
[ "${1:-}" != restore ] || file=$(realpath -- "${2:?uso: $0 restore ARCHIVO.sql.gz}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
set -a
. ./.env
set +a

folder=docker/backups
on_compose() { [ "${LAB_PLATFORM:-compose}" = compose ]; }
in_postgres() { docker-compose -f docker-compose.prod.yml exec -T postgres "$@"; }
whole() { tail -n 5 "$1" | grep -q 'PostgreSQL database dump complete'; }

create() {
    mkdir -p "$folder"
    name=$folder/backup_$(date +%Y%m%d_%H%M%S).sql
    trap 'rm -f "$name.part" "$name.part.gz"' EXIT
    if on_compose; then
        in_postgres pg_dump -U "$POSTGRES_USER" --clean --if-exists "$POSTGRES_DB" > "$name.part"
    else
        pg_dump --clean --if-exists --file "$name.part" "$DATABASE_URL"
    fi
    # Un volcado cortado no termina con esta línea.
    whole "$name.part"
    gzip "$name.part"
    mv "$name.part.gz" "$name.gz"
    find "$folder" -name 'backup_*.sql.gz' -mtime +30 -delete
    echo "$name.gz"
}

# En una sola transacción: entra entera o no entra.
restore() {
    plain=$(mktemp)
    trap 'rm -f "$plain"' EXIT
    gunzip -c "$file" > "$plain"
    if ! whole "$plain"; then
        echo "$file no es un volcado completo; no se tocó la base" >&2
        exit 1
    fi
    options=(-X -q -v ON_ERROR_STOP=1 --single-transaction)
    if on_compose; then
        in_postgres psql "${options[@]}" -U "$POSTGRES_USER" -d "$POSTGRES_DB" < "$plain" > /dev/null
    else
        psql "${options[@]}" -f "$plain" "$DATABASE_URL" > /dev/null
    fi
    echo "restaurado: $file"
}

case "${1:-create}" in
    create) create ;;
    list) ls -lh "$folder" ;;
    restore) restore ;;
    *) echo "uso: $0 [list | restore ARCHIVO]" >&2; exit 2 ;;
esac
