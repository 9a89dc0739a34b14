#!/bin/bash
# Vuelve a la versión anterior, o a la que se indique. Pregunta antes.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

version=${1:-$(cat run/version_before 2> /dev/null || true)}
if [ -z "$version" ] || ! git rev-parse -q --verify "$version^{commit}" > /dev/null; then
    echo "no hay versión '$version' a la que volver" >&2
    exit 1
fi
read -r -p "¿Volver de $APP_VERSION a $version? (y/N) " answer
[ "$answer" = y ] || { echo "no se hizo nada"; exit 1; }
read -r -p "¿Restaurar base de datos? (y/N) " restore || restore=N
if [ "$restore" = y ]; then
    ls -1t backups/*.sql.gz
    read -r -p "¿Qué copia? " backup
    bash scripts/restore.sh "$backup"
fi
git checkout -q "$version"
set_version "$version"
build
start_app
healthy "$version"
say "de vuelta en $version"
