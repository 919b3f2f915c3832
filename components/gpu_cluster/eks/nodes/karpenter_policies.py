"""Pure builders of what Karpenter's controller may do.

The statements are those of Karpenter's own CloudFormation template (aws/karpenter-provider-aws v1.14,
`getting-started/getting-started-with-karpenter/cloudformation.yaml`), and the key of the nodes' disks. Instances,
disks, interfaces and launch templates are made and deleted only with the tag of this cluster, and only the role of its
nodes can be handed to an instance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.gpu_cluster.eks.policy_documents import VOLUME_KEY_USE, Document, allow, policy

_START = ["ec2:RunInstances", "ec2:CreateFleet"]
_NODEPOOL_TAG = "karpenter.sh/nodepool"
_NODECLASS_TAG = "karpenter.k8s.aws/ec2nodeclass"
_CLUSTER_NAME_TAG = "eks:eks-cluster-name"
_REGION_TAG = "topology.kubernetes.io/region"


@dataclass(frozen=True, kw_only=True)
class KarpenterScope:
    """The cluster whose nodes Karpenter makes."""

    account_id: str
    region: str
    cluster_name: str

    @property
    def owned_tag(self) -> str:
        """Key of the tag that everything of this cluster has, with the value `owned`."""
        return f"kubernetes.io/cluster/{self.cluster_name}"

    @property
    def cluster_arn(self) -> str:
        """ARN of the EKS cluster."""
        return f"arn:aws:eks:{self.region}:{self.account_id}:cluster/{self.cluster_name}"

    def ec2(self, *kinds: str) -> list[str]:
        """ARNs of EC2 resources of the account. Images and snapshots belong to AWS: see `public`."""
        return [f"arn:aws:ec2:{self.region}:{self.account_id}:{kind}/*" for kind in kinds]

    def public(self, *kinds: str) -> list[str]:
        """ARNs of EC2 resources that belong to no account."""
        return [f"arn:aws:ec2:{self.region}::{kind}/*" for kind in kinds]

    def on_resource(self, like: str, **also: Any) -> dict[str, Mapping[str, Any]]:
        """Condition: the resource has this cluster's tag, and any value of the tag `like`."""
        return {
            "StringEquals": {f"aws:ResourceTag/{self.owned_tag}": "owned", **also},
            "StringLike": {f"aws:ResourceTag/{like}": "*"},
        }

    def on_request(self, like: str, **also: Any) -> dict[str, Mapping[str, Any]]:
        """Condition: the request gives the resource this cluster's tags, and any value of the tag `like`."""
        return {
            "StringEquals": {
                f"aws:RequestTag/{self.owned_tag}": "owned",
                f"aws:RequestTag/{_CLUSTER_NAME_TAG}": self.cluster_name,
                **also,
            },
            "StringLike": {f"aws:RequestTag/{like}": "*"},
        }


def node_lifecycle(scope: KarpenterScope) -> Document:
    """Start instances of images of AWS in any subnet and security group; tag, and end, those of this cluster alone."""
    made = scope.ec2("fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request")
    creation = {"ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"]}
    return policy(
        allow(
            _START,
            [
                *scope.public("image", "snapshot"),
                *scope.ec2("security-group", "subnet", "placement-group"),
                # Reservations may be shared by another account of the organisation.
                f"arn:aws:ec2:{scope.region}:*:capacity-reservation/*",
            ],
        ),
        allow(_START, scope.ec2("launch-template"), **scope.on_resource(_NODEPOOL_TAG)),
        allow([*_START, "ec2:CreateLaunchTemplate"], made, **scope.on_request(_NODEPOOL_TAG)),
        allow(["ec2:CreateTags"], made, **scope.on_request(_NODEPOOL_TAG, **creation)),
        allow(
            ["ec2:CreateTags"],
            scope.ec2("instance"),
            **scope.on_resource(_NODEPOOL_TAG),
            **{
                "StringEqualsIfExists": {f"aws:RequestTag/{_CLUSTER_NAME_TAG}": scope.cluster_name},
                "ForAllValues:StringEquals": {"aws:TagKeys": [_CLUSTER_NAME_TAG, "karpenter.sh/nodeclaim", "Name"]},
            },
        ),
        allow(
            ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"],
            scope.ec2("instance", "launch-template"),
            **scope.on_resource(_NODEPOOL_TAG),
        ),
    )


def instance_profiles(scope: KarpenterScope, node_role_arn: str) -> Document:
    """Give instances the role of this cluster's nodes and no other, through instance profiles of this cluster."""
    profiles = [f"arn:aws:iam::{scope.account_id}:instance-profile/*"]
    owned = scope.on_resource(_NODECLASS_TAG, **{f"aws:ResourceTag/{_REGION_TAG}": scope.region})
    asked = scope.on_request(_NODECLASS_TAG, **{f"aws:RequestTag/{_REGION_TAG}": scope.region})
    both = {operator: {**owned[operator], **asked[operator]} for operator in owned}
    return policy(
        allow(["iam:PassRole"], [node_role_arn], StringEquals={"iam:PassedToService": "ec2.amazonaws.com"}),
        allow(["iam:CreateInstanceProfile"], profiles, **asked),
        allow(["iam:TagInstanceProfile"], profiles, **both),
        allow(
            ["iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile", "iam:DeleteInstanceProfile"],
            profiles,
            **owned,
        ),
        allow(["iam:GetInstanceProfile"], profiles),
    )


def discovery(scope: KarpenterScope) -> Document:
    """See what there is to start nodes from: types, prices, images, subnets, reservations, and the cluster itself.

    These actions know no resource (Service Authorization Reference): EC2's are held to the region, the price list and
    the list of instance profiles have no condition that fits.
    """
    return policy(
        allow(
            [
                "ec2:DescribeCapacityReservations",
                "ec2:DescribeImages",
                "ec2:DescribeInstances",
                "ec2:DescribeInstanceStatus",
                "ec2:DescribeInstanceTypeOfferings",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplates",
                "ec2:DescribePlacementGroups",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSpotPriceHistory",
                "ec2:DescribeSubnets",
            ],
            ["*"],
            StringEquals={"aws:RequestedRegion": scope.region},
        ),
        allow(["pricing:GetProducts", "iam:ListInstanceProfiles"], ["*"]),
        allow(["ssm:GetParameter"], [f"arn:aws:ssm:{scope.region}::parameter/aws/service/*"]),
        allow(["eks:DescribeCluster"], [scope.cluster_arn]),
        allow(
            ["arc-zonal-shift:GetManagedResource"],
            ["*"],
            StringEquals={"arc-zonal-shift:ResourceIdentifier": scope.cluster_arn},
        ),
    )


def interruptions(queue_arn: str) -> Document:
    """Read the notices of one queue."""
    return policy(allow(["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"], [queue_arn]))


def node_disks(scope: KarpenterScope, key_arn: str) -> Document:
    """Have EC2 encrypt the disks of nodes with one key; never use the key directly."""
    through_ec2 = {"kms:ViaService": f"ec2.{scope.region}.amazonaws.com"}
    return policy(
        allow(VOLUME_KEY_USE, [key_arn], StringEquals=through_ec2),
        allow(
            ["kms:CreateGrant"],
            [key_arn],
            StringEquals=through_ec2,
            Bool={"kms:GrantIsForAWSResource": "true"},
        ),
    )
