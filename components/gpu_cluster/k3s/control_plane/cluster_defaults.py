"""What the CIS benchmark asks for in the namespaces that Kubernetes and k3s bring with them."""

from __future__ import annotations

from typing import Any

DEFAULTS_FILE = "/var/lib/rancher/k3s/server/manifests/ai-platform-defaults.yaml"
"""k3s applies what lies in this folder, and takes over objects that exist already."""

EMPTY_NAMESPACES = ("default", "kube-public", "kube-node-lease")
"""Namespaces in which nothing of the platform runs."""

SYSTEM_NAMESPACE = "kube-system"


def cluster_defaults() -> list[dict[str, Any]]:
    """ServiceAccounts that hand no token to pods (5.1.5), and network policies (5.3.2)."""
    accounts = [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": namespace},
            "automountServiceAccountToken": False,
        }
        for namespace in EMPTY_NAMESPACES
    ]
    closed = [_policy("default-deny", namespace, {}, ["Ingress", "Egress"], []) for namespace in EMPTY_NAMESPACES]
    return [*accounts, *closed, *_system_policies()]


def _system_policies() -> list[dict[str, Any]]:
    """Pods of k3s talk to each other; everybody asks DNS and the metrics API. Nodes reach pods of their own anyway."""
    same = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": SYSTEM_NAMESPACE}}}
    dns = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}, {"port": 9153, "protocol": "TCP"}]
    return [
        _policy("within-namespace", SYSTEM_NAMESPACE, {}, ["Ingress"], [{"from": [same]}]),
        _policy("dns", SYSTEM_NAMESPACE, {"k8s-app": "kube-dns"}, ["Ingress"], [{"ports": dns}]),
        _policy("metrics-server", SYSTEM_NAMESPACE, {"k8s-app": "metrics-server"}, ["Ingress"], [{}]),
    ]


def _policy(
    name: str, namespace: str, labels: dict[str, str], types: list[str], ingress: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": {"matchLabels": labels}, "policyTypes": types, "ingress": ingress},
    }
