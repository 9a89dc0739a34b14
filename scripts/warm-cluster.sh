#!/usr/bin/env bash
# Has a cluster of the tests read and write one of each kind of object once: warm-cluster.sh KUBECONFIG.
#
# A Kubernetes 1.20 whose API server a newer Go has built (1.19 instead of 1.15) learns how a kind is written as it first
# meets it, and fails at that once it has run for some minutes: `stream error … INTERNAL_ERROR`. What it has learned it keeps.
set -uo pipefail
kubeconfig=$1
space=warm
k() { timeout 30 kubectl --kubeconfig "$kubeconfig" --namespace "$space" "$@"; }

objects() {
  local pod='{metadata: {labels: {app: x}}, spec: {containers: [{name: x, image: x, env: [{name: A, value: b}]}]}}'
  cat <<Y
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {a: b}}
---
{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {a: b}}
---
{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {selector: {app: x}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: x}}
---
{apiVersion: v1, kind: ResourceQuota, metadata: {name: x}, spec: {hard: {pods: "9"}}}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: warm-x}, spec: {capacity: {storage: 1Mi}, accessModes: [ReadWriteOnce], hostPath: {path: /tmp}, storageClassName: warm}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: x}, spec: {accessModes: [ReadWriteOnce], storageClassName: warm, resources: {requests: {storage: 1Mi}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: x, labels: {app: x}}, spec: {replicas: 0, selector: {matchLabels: {app: x}}, template: $pod}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: x}, spec: {replicas: 0, serviceName: x, selector: {matchLabels: {app: x}}, template: $pod}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: x}, spec: {selector: {matchLabels: {app: x}}, template: {metadata: {labels: {app: x}}, spec: {nodeSelector: {no: where}, containers: [{name: x, image: x}]}}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: x}, spec: {parallelism: 0, template: {spec: {restartPolicy: Never, containers: [{name: x, image: x}]}}}}
---
{apiVersion: batch/v1beta1, kind: CronJob, metadata: {name: x}, spec: {suspend: true, schedule: "0 0 1 1 *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: x, image: x}]}}}}}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x}, spec: {rules: [{host: x.local, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: x, port: {number: 80}}}}]}}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: x, finalizers: [sereno.test/held]}, spec: {nodeSelector: {no: where}, containers: [{name: x, image: x}]}}
Y
}

timeout 30 kubectl --kubeconfig "$kubeconfig" create namespace "$space"
k annotate namespace "$space" warm=yes
objects | k create -f -
objects | k apply -f -
objects | k apply --server-side --force-conflicts -f -
kinds="configmap secret service serviceaccount resourcequota persistentvolumeclaim deployment statefulset daemonset job cronjob ingress pod"
for kind in $kinds replicaset controllerrevision event endpoints node namespace persistentvolume; do
  k get "$kind" -o json >/dev/null
done
for kind in $kinds; do
  for type in strategic merge; do k patch "$kind" x --type "$type" -p '{"metadata": {"annotations": {"warm": "yes"}}}'; done
  k patch "$kind" x --type json -p '[{"op": "test", "path": "/metadata/name", "value": "x"}]'
done
for kind in deployment statefulset; do
  k scale "$kind/x" --replicas=0
  k get --raw "/apis/apps/v1/namespaces/$space/${kind}s/x/scale" >/dev/null
done
for kind in deployment statefulset daemonset; do k rollout restart "$kind/x"; done
k rollout undo deployment/x
k patch pod x --type merge -p '{"metadata": {"finalizers": null}}'
k delete pod x --force --grace-period=0
k delete persistentvolume warm-x --wait=false
k delete namespace "$space"
# Each of these is only to be met once: what was refused of it says nothing of the cluster.
exit 0
