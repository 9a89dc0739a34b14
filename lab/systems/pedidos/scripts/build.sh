#!/bin/sh
# Prepara una versión en releases/, con el nombre del commit si hay uno.
set -eu
cd "$(dirname "$0")/.."

"${LAB:-lab}" pedidos check-release app/config.json
id=$(git rev-parse --short HEAD 2>/dev/null || date +%Y%m%d-%H%M%S)
rm -rf "releases/$id"
mkdir -p "releases/$id"
cp app/config.json "releases/$id/config.json"
echo "$id" > releases/.built
echo "construida: $id"
