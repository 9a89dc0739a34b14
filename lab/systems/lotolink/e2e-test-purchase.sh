#!/bin/bash
# Un usuario compra un boleto, y su billetera baja lo que cuesta.
set -euo pipefail
cd "$(dirname "$0")"
PORT=${PORT:-$(sed -n 's/^PORT=//p' .env)}
API=${API:-http://localhost:$PORT}
ask() { curl -fsS --max-time 10 -H 'X-User-Id: usuario-050' "$@"; }
balance() { ask "$API/api/v1/wallet" | sed -n 's/.*"balance_cents":\([0-9]*\).*/\1/p'; }

before=$(balance)
ask -X POST -H 'Content-Type: application/json' -d '{"draw_id":1,"numbers":[4,8,15,16,23,42]}' "$API/api/v1/tickets"
echo
after=$(balance)
echo "saldo: $before -> $after"
[ "$after" -lt "$before" ]
