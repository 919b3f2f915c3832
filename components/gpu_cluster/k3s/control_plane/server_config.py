"""config.yaml of servers and agents, without their tokens."""

from __future__ import annotations

from typing import Any

from components.base.node_pools import NodePool
from components.gpu_cluster.k3s.control_plane.admission import ADMISSION_FILE
from components.gpu_cluster.k3s.control_plane.audit import AUDIT_FILE, AUDIT_LOG
from components.gpu_cluster.k3s.control_plane.snapshots import snapshot_config
from components.gpu_cluster.k3s.hosts.hosts import K3sHost
from components.gpu_cluster.k3s.plan import API_PORT, K3sClusterPlan
from components.gpu_cluster.node_labels import registration_labels

DISABLED = ("local-storage", "servicelb", "traefik")
"""Packaged parts of k3s that the platform replaces: its own storage classes, MetalLB, Envoy Gateway."""

CIPHERS = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
)
"""Ciphers of TLS 1.2 in the CIS hardening guide of k3s; those of TLS 1.3 cannot be chosen."""

AUDIT_DAYS, AUDIT_FILES, AUDIT_FILE_MIB = 30, 10, 100
"""What a server keeps of its audit log: CIS asks for at least these."""

POD_PIDS, GPU_POD_PIDS = 4096, 32768
"""Processes and threads of one pod. A model server runs a process for each GPU, and each of these a thread per core."""

IMAGE_DISK_HIGH, IMAGE_DISK_LOW = 85, 80
GPU_IMAGE_DISK_HIGH, GPU_IMAGE_DISK_LOW = 92, 88
"""Share of the disk in percent at which unused images are removed, and down to which. An image of a model server takes
20 GiB and minutes to fetch, so GPU nodes keep theirs for longer than the kubelet's defaults."""


def server_config(host: K3sHost, plan: K3sClusterPlan) -> dict[str, Any]:
    """config.yaml of a server. The first one starts the cluster, the others join it by its own address: a virtual
    address is answered only once the cluster runs.

    Everything but the name, the address, the join address and what belongs to the node's pool is equal on all servers;
    k3s refuses others (k3s-io/k3s#6448). The values are those of the CIS hardening guide of k3s.
    """
    config = _node_config(host) | {
        "tls-san": list(plan.api_addresses),
        "write-kubeconfig-mode": "0600",
        "secrets-encryption": True,
        "embedded-registry": plan.embedded_registry,
        "disable": list(DISABLED),
        "flannel-backend": "wireguard-native",
        "cluster-cidr": plan.network.pod_cidr,
        "service-cidr": plan.network.service_cidr,
        "cluster-dns": plan.network.dns_address,
        # Webhooks are then called through the node of their pod, so that no network policy has to let in the whole
        # pod network, from which the API server's calls would otherwise come.
        "egress-selector-mode": "pod",
        # The metrics would be served without TLS or login on the host's address, and nothing reads them.
        "etcd-expose-metrics": False,
        "kube-apiserver-arg": _api_server_arguments(),
        "kube-controller-manager-arg": ["terminated-pod-gc-threshold=100"],
        **snapshot_config(plan.snapshots),
    }
    if host == plan.first_server:
        return config | {"cluster-init": True}
    return config | {"server": _url(plan.first_server.address)}


def agent_config(host: K3sHost, plan: K3sClusterPlan) -> dict[str, Any]:
    """config.yaml of an agent. Agents are made when the servers run, so they join by the address that outlives any one
    of them.
    """
    return _node_config(host) | {"server": _url(plan.api_address)}


def _url(address: str) -> str:
    return f"https://{address}:{API_PORT}"


def _node_config(host: K3sHost) -> dict[str, Any]:
    config: dict[str, Any] = {
        "node-name": host.name,
        "node-ip": host.address,
        "protect-kernel-defaults": True,
        "kubelet-arg": _kubelet_arguments(host.pool),
    }
    if host.pool is None:
        return config | {"node-taint": ["node-role.kubernetes.io/control-plane:NoSchedule"]}
    config["node-label"] = [f"{key}={value}" for key, value in sorted(registration_labels(host.pool).items())]
    if host.pool.taints:
        config["node-taint"] = [f"{taint.key}={taint.value}:{taint.effect}" for taint in host.pool.taints]
    return config


def _api_server_arguments() -> list[str]:
    return [
        f"admission-control-config-file={ADMISSION_FILE}",
        f"audit-log-maxage={AUDIT_DAYS}",
        f"audit-log-maxbackup={AUDIT_FILES}",
        f"audit-log-maxsize={AUDIT_FILE_MIB}",
        f"audit-log-path={AUDIT_LOG}",
        f"audit-policy-file={AUDIT_FILE}",
        "enable-admission-plugins=NodeRestriction,EventRateLimit",
        "service-account-extend-token-expiration=false",
        f"tls-cipher-suites={','.join(CIPHERS)}",
        "tls-min-version=VersionTLS12",
    ]


def _kubelet_arguments(pool: NodePool | None) -> list[str]:
    has_gpus = pool is not None and pool.gpus_per_node > 0
    pids = GPU_POD_PIDS if has_gpus else POD_PIDS
    high, low = (GPU_IMAGE_DISK_HIGH, GPU_IMAGE_DISK_LOW) if has_gpus else (IMAGE_DISK_HIGH, IMAGE_DISK_LOW)
    arguments = [
        f"image-gc-high-threshold={high}",
        f"image-gc-low-threshold={low}",
        f"pod-max-pids={pids}",
        "streaming-connection-idle-timeout=5m",
        f"tls-cipher-suites={','.join(CIPHERS)}",
        "tls-min-version=VersionTLS12",
    ]
    # Cores, memory and GPUs of one pod come from one NUMA node where there is room, and the pod starts either way.
    return [*arguments, "topology-manager-policy=best-effort"] if has_gpus else arguments
