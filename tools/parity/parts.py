"""Parts of one substrate or of one stack's settings, which the other side need not have: each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tools.parity.portable import CHART, object_name

MODEL = "ai-platform:vllm_model:VllmModel"


@dataclass(frozen=True, kw_only=True)
class Part:
    """`what` are patterns of type tokens, or of `Kind namespace/name` of Kubernetes objects."""

    what: tuple[str, ...]
    reason: str

    def covers(self, resource: Mapping[str, Any]) -> bool:
        """Whether the resource is such a part."""
        names = [] if resource["type"] == CHART else [resource["type"]]
        if resource["type"] == CHART or resource["type"].startswith("kubernetes:"):
            names.append(object_name(resource))
        return any(fnmatchcase(name, pattern) for pattern in self.what for name in names)


PARTS: tuple[Part, ...] = (
    Part(what=("pulumi:providers:*",), reason="how the engine reaches a cluster or an account"),
    Part(what=("random:*",), reason="secrets and names that are drawn once; what they are for is an object of its own"),
    Part(what=("ai-platform:*",), reason="components: they group resources and are none"),
    Part(what=("kubernetes:helm.sh/*",), reason="its pin and values are compared as the chart's record"),
    Part(
        what=("command:remote:Command",),
        reason="installs k3s on hosts; what they are configured with is a record (control-plane)",
    ),
    Part(what=("command:local:Command",), reason="removes what controllers made in AWS when the stack is destroyed"),
    Part(
        what=(
            "aws:iam/*",
            "aws:eks/podIdentityAssociation:*",
            "aws:eks/accessEntry:*",
            "aws:eks/accessPolicyAssociation:*",
        ),
        reason="rights of nodes, add-ons and workloads in AWS; the rules on AWS judge each of them",
    ),
    Part(
        what=(
            "aws:ec2/subnet:*",
            "aws:ec2/route*",
            "aws:ec2/eip:*",
            "aws:ec2/natGateway:*",
            "aws:ec2/internetGateway:*",
            "aws:ec2/vpc:*",
            "aws:ec2/vpcEndpoint:*",
            "aws:ec2/defaultRouteTable:*",
            "aws:ec2/securityGroup:*",
            "aws:ec2/tag:*",
            "aws:vpc/*",
        ),
        reason="the network that AWS has to be given; own hosts stand in the organisation's",
    ),
    Part(
        what=("aws:route53/*", "aws:lb/*"),
        reason="the address of the gateway and its names (load-balancing)",
    ),
    Part(
        what=("aws:kms/*",),
        reason="keys of what is encrypted at rest, which is a facet of each store",
    ),
    Part(
        what=("aws:s3/*", "aws:rds/*", "aws:backup/*", "aws:amp/*"),
        reason="what stands beside a bucket, a database, a vault or a workspace that proves a capability",
    ),
    Part(
        what=("aws:cloudwatch/logGroup:*", "aws:sns/*", "aws:sqs/*", "aws:cloudwatch/event*"),
        reason="logs of services, notices, and warnings that AWS gives before it takes a node away",
    ),
    Part(
        what=("aws:eks/addon:*", "aws:eks/nodeGroup:*"),
        reason="parts that k3s brings along, and nodes that an organisation has",
    ),
    Part(
        what=(
            "* storage/*",
            "* upgrades/*",
            "* load-balancer/*",
            "* karpenter/*",
            "Namespace storage",
            "Namespace upgrades",
            "Namespace load-balancer",
            "Namespace karpenter",
            "Chart load-balancer/*",
            "Chart karpenter/*",
        ),
        reason="add-ons of a substrate, in namespaces of their own",
    ),
    Part(
        what=(
            "ClusterRole *-upgrade*",
            "ClusterRole *-provisioner",
            "ClusterRoleBinding *-upgrade*",
            "ClusterRoleBinding *-provisioner",
            "FlowSchema karpenter-*",
            "EC2NodeClass *",
            "NodePool *",
            "TargetGroupBinding gateway/*",
            "StorageClass platform-*",
        ),
        reason="rights, nodes and volumes of these add-ons (node-upgrades, node-autoscaling, persistent-volumes)",
    ),
    Part(
        what=(
            "Cluster data/*",
            "Database data/*",
            "ObjectStore data/*",
            "ScheduledBackup data/*",
            "Secret data/postgres-*",
            "PodMonitor data/postgres",
            "NetworkPolicy data/allow-postgres",
            "NetworkPolicy data/allow-cloudnative-pg",
            "NetworkPolicy data/allow-plugin-barman-cloud",
            "Chart data/cloudnative-pg",
            "Chart data/plugin-barman-cloud",
            "* data/data-databases-*",
            "NetworkPolicy data/allow-data-databases-roles",
        ),
        reason="the database in the cluster, or what makes accounts in the one of AWS (relational-database)",
    ),
    Part(
        what=(
            "* data/object-store",
            "* data/object-store-peers",
            "* data/data-objects-*",
            "NetworkPolicy data/allow-object-store*",
            "Secret models/model-*-store",
            "NetworkPolicy data/allow-data-objects-*",
        ),
        reason="the object store in the cluster and its clients' keys (object-store, workload-identity)",
    ),
    Part(
        what=("Certificate security/platform-ca", "ClusterIssuer platform-bootstrap"),
        reason="the organisation's own authority (tls-certificates)",
    ),
)


def part_of(resource: Mapping[str, Any]) -> Part | None:
    """The entry that declares the resource, None for what must be matched or proves something."""
    return next((part for part in PARTS if part.covers(resource)), None)


def models_of(graph: Mapping[str, Any]) -> frozenset[str]:
    """The names of the models that a stack's settings declare."""
    return frozenset(
        str(resource["name"]).removeprefix("model-") for resource in graph["resources"] if resource["type"] == MODEL
    )


def model_of(name: str, models: Iterable[str]) -> str:
    """Which of `models` the object belongs to, empty for none. The longest name wins: `qwen3` is not `qwen3-8b`."""
    owners = (model for model in models if any(fnmatchcase(name, pattern) for pattern in names_of_model(model)))
    return max(owners, key=len, default="")


def names_of_model(model: str) -> Iterator[str]:
    """Patterns of `Kind namespace/name` of what a model consists of."""
    yield from (
        f"* models/{model}",
        f"* models/{model}-*",
        f"* models/model-{model}-*",
        f"NetworkPolicy models/allow-{model}*",
        f"* gateway/{model}",
        f"* gateway/{model}-*",
        f"* gateway/model-{model}*",
    )
