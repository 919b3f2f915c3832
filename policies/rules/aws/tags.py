"""Tags: whom to ask, who pays, how carefully to treat what is in there."""

from __future__ import annotations

import json
from typing import Any

from components.base import labels
from policies.checks import each, per_object, per_type, together
from policies.demands import Demand, is_set, judged, of_types, stated
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.subjects import Subject

PROVIDERS = ("pulumi:providers:aws",)
TEMPLATES = ("aws:ec2/launchTemplate:LaunchTemplate",)

MADE_BY_TEMPLATES = ("instance", "volume")
"""What a launch template makes, out of the reach of the provider's tags."""

TAGGABLE = (
    "aws:acm/certificate:Certificate",
    "aws:amp/workspace:Workspace",
    "aws:backup/plan:Plan",
    "aws:backup/vault:Vault",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:ec2/eip:Eip",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ecr/repository:Repository",
    "aws:eks/addon:Addon",
    "aws:eks/cluster:Cluster",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "aws:grafana/workspace:Workspace",
    "aws:iam/role:Role",
    "aws:kms/key:Key",
    "aws:lb/listener:Listener",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/targetGroup:TargetGroup",
    "aws:rds/instance:Instance",
    "aws:s3/bucket:Bucket",
    "aws:secretsmanager/secret:Secret",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
    "aws:wafv2/webAcl:WebAcl",
)
"""Resources that cost money or hold rights and data, and take tags."""


def _default_tags(provider: Subject) -> Outcomes:
    return judged(_default_tags_of(provider), [stated("tags", key, expected="stated") for key in labels.STACK_TAGS])


def _default_tags_of(provider: Subject) -> Field:
    """Providers take their inputs as JSON strings."""
    field = provider.root.at("defaultTags")
    if not isinstance(field.value, str):
        return field
    return Field(field.parsed(_object, "an object in JSON"), field.path)


def _object(text: str) -> dict[str, Any]:
    document: Any = json.loads(text)
    return dict(document)


def _made_by_template(template: Subject) -> Outcomes:
    specifications = template.root.at("tagSpecifications")
    return each(MADE_BY_TEMPLATES, lambda kind: _tagged(specifications, kind))


def _tagged(specifications: Field, kind: str) -> Outcomes:
    chosen = [item for item in specifications.items() if item.at("resourceType").text() == kind]
    if not chosen:
        yield Violation(specifications.path, f"must have an entry for resourceType {kind}")
    for item in chosen:
        yield from judged(item.at("tags"), _stack_tags())


def _stack_tags() -> list[Demand]:
    return [stated(key, expected="stated") for key in labels.STACK_TAGS]


def _made_by_node_class(node_class: Subject) -> Outcomes:
    return judged(node_class.root.at("spec", "tags"), _stack_tags())


RULES = (
    Rule(
        id="AWS-10",
        title="Everything in AWS says whose it is and who pays",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="In an incident nobody knows whom to call about a resource, and at the end of the month nobody "
        "knows whose bill it is.",
        sources=("FSBP tagging", "kube-linter required-label-owner"),
        remediation=f"Name {', '.join(labels.STACK_TAGS)} in the stack's tags; the provider puts them on everything.",
        of_object=per_type(_default_tags, *PROVIDERS),
    ),
    Rule(
        id="AWS-36",
        title="Everything in AWS says which environment it belongs to",
        severity=Severity.LOW,
        level=Level.ADVISORY,
        why="Rights and backup plans that go by this tag miss the resource: it is not saved, or a clean-up of "
        "dev takes part of prod.",
        sources=("FSBP tagging", "own"),
        remediation="Tag it by resource_tags (components/gpu_cluster/eks/tags.py): rights and backups go by them.",
        of_object=of_types(TAGGABLE, Demand(("tags", labels.ENVIRONMENT), is_set, "stated")),
    ),
    Rule(
        id="AWS-37",
        title="Nodes and their disks say whose they are and who pays",
        severity=Severity.LOW,
        level=Level.ADVISORY,
        why="GPU nodes and their disks, the largest part of the bill, belong to nobody, and nobody misses the "
        "ones left behind.",
        sources=("FSBP tagging", "own"),
        remediation="Tag what AWS makes itself by made_by_aws (components/gpu_cluster/eks/tags.py).",
        of_object=together(
            per_type(_made_by_template, *TEMPLATES),
            per_object(_made_by_node_class, "karpenter.k8s.aws", "EC2NodeClass"),
            per_object(_made_by_node_class, "eks.amazonaws.com", "NodeClass"),
        ),
    ),
)
