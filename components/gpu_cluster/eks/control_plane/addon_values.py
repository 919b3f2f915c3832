"""Pure builder of the add-ons' configuration: the values of their charts that EKS lets be changed.

Sources: `aws eks describe-addon-configuration` as the EKS user guide shows it, and the charts that the add-ons are made
of: aws/amazon-vpc-cni-k8s, kubernetes-sigs/aws-ebs-csi-driver, awslabs/mountpoint-s3-csi-driver,
aws/eks-node-monitoring-agent, state of 2026-08. A key that an add-on does not know fails its creation, so nothing is
said that its default says already: kube-proxy, vpc-cni and both agents tolerate all taints.
"""

from __future__ import annotations

from typing import Any

from components.base.node_pools import GPU_TAINT

SYSTEM_NODES = {"ai-platform/role": "system"}
"""Label of the pools without taints, which every node group sets."""

GPU_TOLERATION = {"key": GPU_TAINT.key, "operator": "Exists", "effect": GPU_TAINT.effect}

_NETWORK = {
    # The platform's isolation is NetworkPolicies; without this they would be accepted and ignored.
    "enableNetworkPolicy": "true",
    # Addresses in blocks of 16: more pods on a node, and fewer calls to EC2 when many start.
    "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"},
}

_DNS: dict[str, Any] = {
    "nodeSelector": SYSTEM_NODES,
    "autoScaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 10},
    "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ],
}

# Mounts of pods on GPU nodes. The driver has no role: a volume with `authenticationSource: pod` is mounted with the
# rights of the pod's own ServiceAccount, which were granted bucket by bucket, and any other volume is refused by S3.
_OBJECTS = {"node": {"tolerateAllTaints": True}}

# The monitor of GPU health, whose findings make EKS replace a node.
_MONITORING = {"dcgmAgent": {"tolerations": [GPU_TOLERATION]}}


def addon_values(addon: str, *, region: str) -> dict[str, Any]:
    """Configuration of `addon` in a cluster of `region`, empty where its defaults do."""
    values: dict[str, dict[str, Any]] = {
        "vpc-cni": _NETWORK,
        "coredns": _DNS,
        "aws-ebs-csi-driver": {
            "controller": {
                "nodeSelector": SYSTEM_NODES,
                # Pods cannot ask the metadata service, which answers one hop away only.
                "region": region,
            },
            "node": {"tolerateAllTaints": True},
        },
        "aws-mountpoint-s3-csi-driver": _OBJECTS,
        "eks-node-monitoring-agent": _MONITORING,
    }
    return values.get(addon, {})
