"""Small clusters that comply with every rule: one on EKS, one of k3s."""

from __future__ import annotations

from typing import Any

from tests.policies.aws_objects import KEY, aws
from tests.policies.objects import Json, resource

INSTALLATION = "ai-platform:gpu_cluster:K3sInstallation"

CIPHERS = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305"

AUDIT_ARGUMENTS = (
    "audit-log-path=/var/log/audit.log",
    "audit-policy-file=/etc/audit.yaml",
    "audit-log-maxage=30",
    "audit-log-maxbackup=10",
    "audit-log-maxsize=100",
)
API_ARGUMENTS = (
    *AUDIT_ARGUMENTS,
    "admission-control-config-file=/etc/psa.yaml",
    "enable-admission-plugins=NodeRestriction,EventRateLimit",
    "service-account-extend-token-expiration=false",
    f"tls-cipher-suites={CIPHERS}",
    "tls-min-version=VersionTLS12",
)
KUBELET_ARGUMENTS = (
    "streaming-connection-idle-timeout=5m",
    f"tls-cipher-suites={CIPHERS}",
    "tls-min-version=VersionTLS13",
)


def eks_cluster(**changes: Any) -> Json:
    inputs = {
        "version": "1.36",
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        "deletionProtection": True,
        "enabledClusterLogTypes": ["audit", "authenticator"],
        "encryptionConfig": {"provider": {"keyArn": KEY}, "resources": ["secrets"]},
        "vpcConfig": {"endpointPrivateAccess": True, "endpointPublicAccess": False},
        "tags": {"ai-platform/environment": "test"},
    }
    return aws("eks/cluster", "cluster", **(inputs | changes))


def network_addon(cluster: Json) -> Json:
    return aws(
        "eks/addon", "network", cluster, addonName="vpc-cni", configurationValues='{"enableNetworkPolicy": "true"}'
    )


def auto_mode() -> list[Json]:
    """An Auto Mode cluster, and the ConfigMap that switches its network policies on."""
    metadata = {"name": "amazon-vpc-cni", "namespace": "kube-system"}
    switch = {"enable-network-policy-controller": "true"}
    return [
        eks_cluster(computeConfig={"enabled": True}),
        resource("core/v1:ConfigMap", {"metadata": metadata, "data": switch}),
    ]


def k3s_node(**changes: Any) -> Json:
    return {"protect-kernel-defaults": True, "kubelet-arg": list(KUBELET_ARGUMENTS)} | changes


def k3s_server(**changes: Any) -> Json:
    return (
        k3s_node()
        | {
            "secrets-encryption": True,
            "write-kubeconfig-mode": "0600",
            "flannel-backend": "wireguard-native",
            "kube-apiserver-arg": list(API_ARGUMENTS),
            "kube-controller-manager-arg": ["terminated-pod-gc-threshold=100"],
            "etcd-snapshot-schedule-cron": "0 */6 * * *",
        }
        | changes
    )


def k3s(**changes: Any) -> Json:
    pod_security = {"name": "PodSecurity", "configuration": {"defaults": {"enforce": "restricted"}}}
    inputs = {
        "kubernetesVersion": "1.36",
        "servers": [k3s_server(), k3s_server()],
        "agents": [k3s_node()],
        "apiCidrs": ["10.0.0.0/8"],
        "auditPolicy": {"rules": [{"level": "None"}, {"level": "Metadata"}]},
        "admissionConfiguration": {"plugins": [{"name": "EventRateLimit"}, pod_security]},
    }
    return resource(INSTALLATION, inputs | changes, name="hosts", provider="")
