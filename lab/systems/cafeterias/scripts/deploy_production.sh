#!/bin/bash
# Despliega DEPLOY_TAG, o el último commit. Si algo falla después de empezar, vuelve a la versión anterior.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

before=$(git rev-parse HEAD)
version_before=$APP_VERSION

back() {
    say "falló: se vuelve a $version_before"
    git checkout -q "$before"
    set_version "$version_before"
    build
    start_app
    healthy "$version_before" || say "la versión anterior tampoco está sana"
    exit 1
}

say "1/8 copia de la base"
bash scripts/backup.sh
say "2/8 código"
if [ -n "${DEPLOY_TAG:-}" ]; then
    git checkout -q "$DEPLOY_TAG"
fi
trap back ERR
version=$(git describe --tags --always)
set_version "$version"
say "3/8 imágenes de $version"
build
say "4/8 migraciones"
migrate
say "5/8 servicios"
start_app
say "6/8 salud"
healthy "$version"
say "7/8 smoke tests"
if [ "${SKIP_SMOKE_TESTS:-}" != 1 ]; then
    bash scripts/smoke_tests.sh "$ENVIRONMENT"
fi
trap - ERR
echo "$version_before" > run/version_before
say "8/8 desplegada: $version (antes: $version_before)"
