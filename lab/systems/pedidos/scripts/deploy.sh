#!/bin/sh
# Pone en marcha la última versión construida, o la que se indique.
set -eu
cd "$(dirname "$0")/.."

id=${1:-$(cat releases/.built 2>/dev/null || true)}
if [ -z "$id" ] || [ ! -f "releases/$id/config.json" ]; then
    echo "no hay ninguna versión '$id' en releases/: antes, make build" >&2
    exit 1
fi
before=$(readlink current 2>/dev/null || true)
ln -sfn "releases/$id" current
"${LAB:-lab}" restart pedidos api --dir .
"${LAB:-lab}" restart pedidos worker --dir .
echo "desplegada: $id (antes: ${before:-ninguna})"
