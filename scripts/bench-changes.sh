#!/usr/bin/env bash
# Restart and scale: the time from the command to "verified", beside the time after which the platform's own command returns. Ten
# runs are too many for a table of minutes: three of each, and all are shown. Needs a Docker Engine with debian:bookworm-slim, and for
# the second half a cluster that KUBECONFIG names. Usage: scripts/bench-changes.sh PATH-OF-SERENO
set -euo pipefail
S=$(realpath "$1")
d=$(mktemp -d); cd "$d"
took() { # what, command...
  local what=$1 b e; shift; b=$(date +%s%N)
  if ! "$@" >"$d/said" 2>&1; then echo "| $what | failed |"; tail -5 "$d/said" >&2; return; fi
  e=$(date +%s%N); echo "| $what | $(((e - b) / 1000000)) ms |"
}
end() {
  [ -f docker-compose.yml ] && docker-compose down -t 0 >/dev/null 2>&1
  [ -n "${KUBECONFIG:-}" ] && kubectl delete namespace "$ns" --wait=false >/dev/null 2>&1
  cd /; rm -rf "$d"
}
ns=bench-changes-$$
trap end EXIT
echo "| what | measured |"; echo "|---|---|"
cat >docker-compose.yml <<'Y'
version: '2.4'
services:
  plain: {image: 'debian:bookworm-slim', init: true, command: [sleep, '100000']}
  checked:
    image: debian:bookworm-slim
    init: true
    command: [sleep, '100000']
    healthcheck: {test: [CMD, 'true'], interval: 1s}
Y
docker-compose up -d >/dev/null 2>&1
sleep 4
for service in plain checked; do
  for _ in 1 2 3; do
    took "docker-compose restart -t 1 $service" docker-compose restart -t 1 "$service"
    took "sereno restart $service" "$S" restart "$service" --yes
  done
  for count in 3 1; do
    took "docker-compose up -d --no-recreate --scale $service=$count" docker-compose up -d --no-recreate --scale "$service=$count"
  done
  for count in 3 1; do took "sereno scale $service $count" "$S" scale "$service" "$count" --yes; done
done
[ -n "${KUBECONFIG:-}" ] || exit 0
docker-compose down -t 0 >/dev/null 2>&1; rm docker-compose.yml
kubectl create namespace "$ns" >/dev/null
cat <<'Y' | kubectl -n "$ns" apply -f - >/dev/null
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - {name: api, image: 'debian:bookworm-slim', imagePullPolicy: Never, command: [sleep, '100000'], readinessProbe: {exec: {command: ['true']}, periodSeconds: 1}}
Y
kubectl -n "$ns" rollout status deployment/api >/dev/null
printf '[platform]\nkind = "kubernetes"\nkubeconfig = "%s"\nnamespace = "%s"\n' "$KUBECONFIG" "$ns" >sereno.toml
rollout() { kubectl -n "$ns" rollout restart deployment/api && kubectl -n "$ns" rollout status deployment/api; }
scale() { kubectl -n "$ns" scale --replicas="$1" deployment/api && kubectl -n "$ns" rollout status deployment/api; }
for _ in 1 2 3; do
  took "kubectl rollout restart, and rollout status" rollout
  took "sereno restart api" "$S" restart api --yes
done
for count in 4 2; do took "kubectl scale --replicas=$count, and rollout status" scale "$count"; done
for count in 4 2; do took "sereno scale api $count" "$S" scale api "$count" --yes; done
