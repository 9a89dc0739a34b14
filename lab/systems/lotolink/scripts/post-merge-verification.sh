#!/bin/bash
# Después de desplegar: los tests mínimos, y que la versión sea la que se esperaba (si se indica).
set -euo pipefail
cd "$(dirname "$0")/.."
./scripts/smoke-tests.sh
PORT=${PORT:-$(sed -n 's/^PORT=//p' .env)}
API=${API:-http://localhost:$PORT}
version=$(curl -fsS --max-time 10 "$API/health" | sed -n 's/.*"version":"\([^"]*\)".*/\1/p')
echo "versión: $version"
[ -z "${1:-}" ] || [ "$version" = "$1" ]
