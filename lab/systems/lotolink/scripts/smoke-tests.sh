#!/bin/bash
# Lo mínimo que tiene que andar. API dice dónde está; si no, el puerto de .env.
set -euo pipefail
cd "$(dirname "$0")/.."
PORT=${PORT:-$(sed -n 's/^PORT=//p' .env)}
API=${API:-http://localhost:$PORT}
ask() { curl -fsS --max-time 10 "$@"; }

ask "$API/health" | grep -q '"status":"ok"'
ask "$API/health/ready" | grep -q '"database":{"status":"up"}'
ask -H 'X-User-Id: usuario-001' "$API/api/v1/wallet" | grep -q balance_cents
ask "$API/metrics" | grep -q '^http_requests_total'
echo "smoke tests: ok"
