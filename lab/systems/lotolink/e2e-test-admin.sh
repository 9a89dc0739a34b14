#!/bin/bash
# Administración: no hay webhooks fallidos.
set -euo pipefail
cd "$(dirname "$0")"
PORT=${PORT:-$(sed -n 's/^PORT=//p' .env)}
API=${API:-http://localhost:$PORT}
failed=$(curl -fsS --max-time 10 "$API/admin/webhook-events/failed")
echo "$failed"
[ "$failed" = '{"failed":[]}' ]
