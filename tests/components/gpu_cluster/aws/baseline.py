"""The security baseline of AWS resources, type by type: what each must say of encryption, logging, access and recovery.

Tags are not in the table: every type whose SDK class takes tags must carry them (`test_baseline`). A type that the
program uses and the table lacks fails the tests, and so does a row whose type no program makes.
"""

from __future__ import annotations

from tests.components.gpu_cluster.aws import rows_cluster, rows_data, rows_identity, rows_network
from tests.components.gpu_cluster.aws.requirements import Requirement

BASELINE: dict[str, tuple[Requirement, ...]] = {
    **rows_identity.ROWS,
    **rows_network.ROWS,
    **rows_cluster.ROWS,
    **rows_data.ROWS,
}

NOTHING_ASKED: dict[str, str] = {
    "acm/certificateValidation:CertificateValidation": "waits until a certificate is issued",
    "cloudwatch/eventRule:EventRule": "selects events; who receives them is the target's",
    "cloudwatch/eventTarget:EventTarget": "names a queue, whose policy asks",
    "ec2/placementGroup:PlacementGroup": "puts nodes close together",
    "ec2/tag:Tag": "a tag on what EKS made",
    "ec2transitgateway/vpcAttachment:VpcAttachment": "routes decide what uses it, the gateway's owner who is behind it",
    "grafana/roleAssociation:RoleAssociation": "names who administers, which is the operator's choice",
    "grafana/workspaceSamlConfiguration:WorkspaceSamlConfiguration": "names an identity provider of the operator's",
    "kms/alias:Alias": "a name of a key, whose own row asks",
    "ec2/eip:Eip": "the public address of a NAT gateway, which takes no connections from outside",
    "ec2/internetGateway:InternetGateway": "routes decide who uses it",
    "ec2/natGateway:NatGateway": "lets connections out only; routes decide whose",
    "ec2/route:Route": "where it leads is judged by the rows of what stands there",
    "ec2/routeTable:RouteTable": "its routes are resources of their own",
    "ec2/routeTableAssociation:RouteTableAssociation": "ties two resources together and has no settings",
    "eks/accessEntry:AccessEntry": "names a role; what the role may do is the association's",
    "eks/podIdentityAssociation:PodIdentityAssociation": "gives a role to one ServiceAccount; the role's rows ask",
    "route53/record:Record": "an address of the gateway, or the proof of a certificate's name",
    "rds/subnetGroup:SubnetGroup": "names subnets",
    "sns/topicSubscription:TopicSubscription": "an address of the operator's choice, which must confirm",
    "budgets/budget:Budget": "counts money and holds nothing",
}
"""Types whose arguments have no part in encryption, logging, access or recovery, and why."""
