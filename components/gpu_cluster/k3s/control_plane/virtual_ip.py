"""kube-vip: an address that moves to another server when the one that holds it fails."""

from __future__ import annotations

from typing import Any

from components.gpu_cluster.k3s.plan import API_PORT, VirtualIp

VIRTUAL_IP_FILE = "/var/lib/rancher/k3s/server/manifests/kube-vip.yaml"
"""k3s applies what lies in this folder, from its first start on."""

NAME = "kube-vip"
NAMESPACE = "kube-system"
LEASE = "plndr-cp-lock"
LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/component": "control-plane"}
METADATA = {"name": NAME, "namespace": NAMESPACE, "labels": LABELS}

LEASE_SECONDS, RENEW_SECONDS, RETRY_SECONDS = 15, 10, 2
"""How long the address may stay with a server that is gone. The five seconds that kube-vip takes by itself move it
whenever etcd is slow."""


def virtual_ip_manifests(virtual_ip: VirtualIp) -> list[dict[str, Any]]:
    """A DaemonSet on the servers, and the right to elect who of them holds the address."""
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": METADATA, "automountServiceAccountToken": False},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": METADATA,
            "rules": [
                _leases(["create"]),
                _leases(["get", "update"]) | {"resourceNames": [LEASE]},
            ],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": METADATA,
            "roleRef": role,
            "subjects": [subject],
        },
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": METADATA,
            "spec": {
                "selector": {"matchLabels": LABELS},
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
                "template": {"metadata": {"labels": LABELS}, "spec": _pod(virtual_ip)},
            },
        },
    ]


def _leases(verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": verbs}


def _pod(virtual_ip: VirtualIp) -> dict[str, Any]:
    servers = {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}
    return {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": True,
        "hostNetwork": True,
        "priorityClassName": "system-node-critical",
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [servers]}]
                }
            }
        },
        "tolerations": [{"effect": effect, "operator": "Exists"} for effect in ("NoSchedule", "NoExecute")],
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": NAME,
                "image": virtual_ip.image,
                "imagePullPolicy": "IfNotPresent",
                "args": ["manager"],
                "env": [*_environment(virtual_ip), _NODE_NAME],
                "resources": {
                    "requests": {"cpu": "20m", "memory": "64Mi"},
                    "limits": {"cpu": "200m", "memory": "64Mi"},
                },
                # It sets addresses and sends ARP, which root alone may do with these two capabilities.
                "securityContext": {
                    "runAsUser": 0,
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN", "NET_RAW"]},
                },
            }
        ],
    }


_NODE_NAME = {"name": "vip_nodename", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}


def _environment(virtual_ip: VirtualIp) -> list[dict[str, str]]:
    values = {
        "address": virtual_ip.address,
        "port": str(API_PORT),
        "vip_subnet": "32",
        "vip_arp": "true",
        "cp_enable": "true",
        "cp_namespace": NAMESPACE,
        "svc_enable": "false",
        "lb_enable": "false",
        "vip_leaderelection": "true",
        "vip_leasename": LEASE,
        "vip_leaseduration": str(LEASE_SECONDS),
        "vip_renewdeadline": str(RENEW_SECONDS),
        "vip_retryperiod": str(RETRY_SECONDS),
        # Its metrics would otherwise be open on the host's address, without login.
        "prometheus_server": "127.0.0.1:2112",
        # The server's own API, not the Service: a server whose API fails loses the lease and with it the address,
        # which otherwise stays where nobody answers (kube-vip/kube-vip#246).
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(API_PORT),
    }
    if virtual_ip.interface:
        values["vip_interface"] = virtual_ip.interface
    return [{"name": name, "value": value} for name, value in values.items()]
