#!/bin/bash
# Lo que un usuario hace: entrar, pedir, pagar. Falla si algo de eso falla.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

environment=${1:-production}
api="http://localhost:$PORT"
get() { curl -fsS --max-time 10 "$@"; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

[ "$(get "$api/health" | field environment)" = "$environment" ] || { echo "el ambiente no es $environment" >&2; exit 1; }
token=$(get -H 'Content-Type: application/json' -d '{"email":"persona1@cafe-central.example","password":"cafe"}' \
    "$api/auth/login" | field access_token)
get -H "Authorization: Bearer $token" "$api/users/me" > /dev/null
for amount in 1250 800 431; do
    id=$(get -H 'X-Tenant-Id: cafe-central' -H 'Content-Type: application/json' \
        -d "{\"description\":\"prueba\",\"amount_cents\":$amount}" "$api/orders" | field id)
done
for _ in $(seq 30); do
    status=$(get -H 'X-Tenant-Id: cafe-central' "$api/orders/$id" | field status)
    [ "$status" = paid ] && break
    sleep 1
done
[ "$status" = paid ] || { echo "la orden $id sigue $status: ¿procesa el worker?" >&2; exit 1; }
if [ "$environment" = production ]; then
    code=$(curl -s -o /dev/null -w '%{http_code}' --max-time 10 "$api/docs")
    [ "$code" = 404 ] || { echo "/docs responde $code en producción" >&2; exit 1; }
fi
echo "smoke tests: bien ($environment, orden $id)"
