#!/usr/bin/env bash
# `sereno status` and `restart` on a system of ten services, beside docker-compose. Needs a Docker Engine and the image that the
# lab builds (`lab up pedidos --platform compose`). With KUBECONFIG, `status` of ten deployments beside kubectl too.
# Usage: scripts/bench-services.sh PATH-OF-SERENO
set -euo pipefail
d=$(mktemp -d); cd "$d"
{ echo "version: '2.4'"; echo "services:"; for i in $(seq 10); do echo "  s$i: {image: 'lab-base:bookworm', init: true, command: [sleep, '1000']}"; done; } > docker-compose.yml
docker-compose up -d >/dev/null 2>&1
S=$1
for i in 1 2 3 4 5 6 7; do
 s=$(date +%s%N); $S status >/dev/null; e=$(date +%s%N); echo "sereno $(( (e-s)/1000000 )) ms"
 s=$(date +%s%N); docker-compose ps >/dev/null; e=$(date +%s%N); echo "compose $(( (e-s)/1000000 )) ms"
done
s=$(date +%s%N); docker-compose restart -t 1 s1 >/dev/null 2>&1; e=$(date +%s%N); echo "docker-compose restart returns $(( (e-s)/1000000 )) ms"
s=$(date +%s%N); $S restart s2 --yes >/dev/null 2>&1; e=$(date +%s%N); echo "sereno restart verified $(( (e-s)/1000000 )) ms"
docker-compose down -t 0 >/dev/null 2>&1
[ -n "${KUBECONFIG:-}" ] || exit 0
rm docker-compose.yml; ns=bench-status-$$
kubectl create namespace "$ns" >/dev/null
trap 'kubectl delete namespace "$ns" --wait=false >/dev/null' EXIT
for i in $(seq 10); do
  kubectl -n "$ns" create deployment "s$i" --image=lab-base:bookworm --dry-run=client -o json -- sleep 100000 |
    sed 's/"resources": {}/"resources": {}, "imagePullPolicy": "Never"/' | kubectl -n "$ns" apply -f - >/dev/null
done
kubectl -n "$ns" wait --for=condition=available deployment --all --timeout=120s >/dev/null
printf '[platform]\nkind = "kubernetes"\nkubeconfig = "%s"\nnamespace = "%s"\n' "$KUBECONFIG" "$ns" >sereno.toml
for i in 1 2 3 4 5 6 7; do
 s=$(date +%s%N); $S status >/dev/null; e=$(date +%s%N); echo "sereno $(( (e-s)/1000000 )) ms"
 s=$(date +%s%N); kubectl -n "$ns" get pods >/dev/null; e=$(date +%s%N); echo "kubectl $(( (e-s)/1000000 )) ms"
done
