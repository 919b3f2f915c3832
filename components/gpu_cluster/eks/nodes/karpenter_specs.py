"""Pure builders of Karpenter: chart values, NodePool and EC2NodeClass of a pool, fair queueing of its API requests.

Karpenter adds nodes above a pool's minimum up to its maximum. The minimum itself is a managed node group, so that there
are nodes for Karpenter to run on that it does not manage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from components.base import pins
from components.base.handles import ImageRegistry
from components.base.namespaces import KARPENTER, PlatformNamespace
from components.base.node_pools import GPU_RESOURCE, NodePool
from components.base.operator_objects import KARPENTER_LABELS
from components.base.wiring import Workload
from components.gpu_cluster.eks.network.network import DISCOVERY_TAG
from components.gpu_cluster.eks.nodes.efa import EFA_TAG, efa_group_tag
from components.gpu_cluster.eks.nodes.launch_templates import IMAGE_COLLECTION, ROOT_DEVICE, EfaNetwork, efa_interfaces
from components.gpu_cluster.eks.nodes.node_groups import EksNodeGroup
from components.gpu_cluster.node_labels import registration_labels

if TYPE_CHECKING:
    from pulumi_kubernetes.flowcontrol.v1 import FlowSchemaSpecArgsDict, ResourcePolicyRuleArgsDict

NAME = "karpenter"
NAMESPACE = PlatformNamespace(name=KARPENTER)
WORKLOAD = Workload.selecting(KARPENTER, NAME, KARPENTER_LABELS)
METRICS_PORT = 8080

NODE_POOL_API = "karpenter.sh/v1"
NODE_CLASS_API = "karpenter.k8s.aws/v1"
NODE_CLASS_GROUP = "karpenter.k8s.aws"


@dataclass(frozen=True, kw_only=True)
class ScalingLimits:
    """How long nodes stay: empty ones `empty_minutes`, any of them `node_days` at most. A node that is to go waits
    `drain_minutes` for its pods; it must leave a model the time to answer what it began.
    """

    empty_minutes: int = 15
    node_days: int = 30
    drain_minutes: int = 30


@dataclass(frozen=True, kw_only=True)
class NodeClassInputs:
    """What the nodes of every pool share. `ami_release` is `<Kubernetes version>-<date>`."""

    cluster_name: str
    role_name: pulumi.Input[str]
    volume_key_arn: pulumi.Input[str]
    ami_release: str
    tags: Mapping[str, str]


def karpenter_values(
    *, cluster_name: str, queue_name: str, region: str, registry: ImageRegistry, replicas: int
) -> dict[str, Any]:
    """Values of the chart: runs on fixed nodes, learns of interruptions and of zones that are evacuated."""
    image = pins.KARPENTER_CONTROLLER
    return {
        "fullnameOverride": NAME,
        "serviceAccount": {"name": NAME},
        "replicas": replicas,
        "settings": {
            "clusterName": cluster_name,
            "interruptionQueue": queue_name,
            "eksControlPlane": True,
            "enableZonalShift": True,
        },
        "controller": {
            "image": {
                "repository": registry.rewrite(image.repository),
                "tag": image.tag,
                "digest": image.digest or "",
            },
            # Without it the controller asks the metadata service, which pods cannot reach.
            "env": [{"name": "AWS_REGION", "value": region}],
            "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
        },
    }


def node_class_spec(
    pool: NodePool, group: EksNodeGroup, inputs: NodeClassInputs, efa: EfaNetwork | None = None
) -> dict[str, Any]:
    """`spec` of the EC2NodeClass: the same image, disk and metadata access as the fixed nodes of the pool.

    `efa` is given where the group has EFA interfaces.
    """
    groups = [{"tags": {DISCOVERY_TAG: inputs.cluster_name}}]
    spec: dict[str, Any] = {
        # The alias finds the variant with NVIDIA's driver for instance types with GPUs.
        "amiSelectorTerms": [{"alias": f"al2023@v{inputs.ami_release.rpartition('-')[2]}"}],
        "role": inputs.role_name,
        "subnetSelectorTerms": [{"tags": {DISCOVERY_TAG: inputs.cluster_name}}],
        "securityGroupSelectorTerms": groups,
        "blockDeviceMappings": [
            {
                "deviceName": ROOT_DEVICE,
                "ebs": {
                    "volumeSize": f"{group.root_volume_gib}Gi",
                    "volumeType": "gp3",
                    "encrypted": True,
                    "kmsKeyID": inputs.volume_key_arn,
                    "deleteOnTermination": True,
                },
            }
        ],
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
            "httpProtocolIPv6": "disabled",
        },
        "detailedMonitoring": True,
        "tags": {**inputs.tags, "Name": f"{inputs.cluster_name}-{pool.name}"},
    }
    if group.local_disks:
        spec["instanceStorePolicy"] = "RAID0"
    if pool.role == "gpu":
        spec["kubelet"] = dict(IMAGE_COLLECTION)
    if efa:
        group_tag = efa_group_tag(inputs.cluster_name, pool.name)
        spec["securityGroupSelectorTerms"] = [*groups, {"tags": {EFA_TAG: group_tag}}]
        spec["placementGroupSelector"] = {"name": efa.placement_group}
        spec["networkInterfaces"] = [
            {
                "networkCardIndex": interface["card"],
                "deviceIndex": interface["device"],
                "interfaceType": interface["type"],
            }
            for interface in efa_interfaces(group.efa_interfaces)
        ]
    return spec


def node_pool_spec(
    pool: NodePool, group: EksNodeGroup, *, node_class: str, zones: tuple[str, ...], limits: ScalingLimits
) -> dict[str, Any]:
    """`spec` of the NodePool: as many nodes as lie between the pool's minimum and maximum, and no more."""
    template: dict[str, Any] = {
        "nodeClassRef": {"group": NODE_CLASS_GROUP, "kind": "EC2NodeClass", "name": node_class},
        "requirements": [
            _requirement("node.kubernetes.io/instance-type", *group.instance_types),
            _requirement("karpenter.sh/capacity-type", group.purchase),
            _requirement("kubernetes.io/arch", "amd64"),
            _requirement("kubernetes.io/os", "linux"),
            _requirement("topology.kubernetes.io/zone", *((group.zone,) if group.zone else zones)),
        ],
        "expireAfter": f"{limits.node_days * 24}h",
        "terminationGracePeriod": f"{limits.drain_minutes}m",
    }
    if pool.taints:
        template["taints"] = [{"key": taint.key, "value": taint.value, "effect": taint.effect} for taint in pool.taints]
    return {
        "template": {"metadata": {"labels": registration_labels(pool)}, "spec": template},
        "limits": _limits(pool, group),
        "disruption": {
            # Moving pods together saves money on small nodes; of a model it would throw away minutes of loading.
            "consolidationPolicy": "WhenEmpty" if pool.role == "gpu" else "WhenEmptyOrUnderutilized",
            "consolidateAfter": f"{limits.empty_minutes}m",
            "budgets": [{"nodes": "1"}],
        },
    }


def flow_schema_specs() -> dict[str, FlowSchemaSpecArgsDict]:
    """`spec` of the FlowSchemas by name: outside of kube-system the API server would queue Karpenter behind everybody.

    From Karpenter's guide ("Advanced Installation", priority of requests).
    """
    leases: ResourcePolicyRuleArgsDict = {
        "api_groups": ["coordination.k8s.io"],
        "namespaces": ["*"],
        "resources": ["leases"],
        "verbs": ["get", "create", "update"],
    }
    everything: ResourcePolicyRuleArgsDict = {
        "api_groups": ["*"],
        "cluster_scope": True,
        "namespaces": ["*"],
        "resources": ["*"],
        "verbs": ["*"],
    }
    return {
        f"{NAME}-leader-election": _flow_schema("leader-election", 200, leases),
        f"{NAME}-workload": _flow_schema("workload-high", 1000, everything),
    }


def _flow_schema(level: str, precedence: int, rule: ResourcePolicyRuleArgsDict) -> FlowSchemaSpecArgsDict:
    return {
        "distinguisher_method": {"type": "ByUser"},
        "matching_precedence": precedence,
        "priority_level_configuration": {"name": level},
        "rules": [
            {
                "subjects": [{"kind": "ServiceAccount", "service_account": {"name": NAME, "namespace": KARPENTER}}],
                "resource_rules": [rule],
            }
        ],
    }


def _requirement(key: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": list(values)}


def _limits(pool: NodePool, group: EksNodeGroup) -> dict[str, str]:
    nodes = group.added_nodes(pool)
    limits = {
        "nodes": str(nodes),
        "cpu": str(nodes * group.cpu),
        "memory": f"{nodes * group.memory_gib}Gi",
    }
    if pool.role == "gpu":
        # A node that shares its GPUs reports each as often as it is shared.
        limits[GPU_RESOURCE] = str(nodes * pool.units_per_node)
    return limits
