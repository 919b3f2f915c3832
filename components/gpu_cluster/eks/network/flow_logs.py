"""Flow logs of the VPC: who connected to whom, kept encrypted."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksFlowLogs"


@dataclass(frozen=True, kw_only=True)
class EksFlowLogsArgs:
    """`log_key_arn` encrypts the records, `log_days` is how long they are kept."""

    environment: str
    cluster_name: str
    vpc_id: pulumi.Input[str]
    log_key_arn: pulumi.Input[str]
    log_days: int


class EksFlowLogs(pulumi.ComponentResource):
    """All accepted and refused connections of the VPC, in one log group."""

    def __init__(self, name: str, args: EksFlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        def tags(suffix: str) -> dict[str, str]:
            return resource_tags(f"{args.cluster_name}-{suffix}", args.environment)

        group = aws.cloudwatch.LogGroup(
            f"{name}-group",
            name=f"/aws/vpc/{args.cluster_name}/flow-logs",
            retention_in_days=args.log_days,
            kms_key_id=args.log_key_arn,
            tags=tags("flow-logs"),
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=json.dumps(policy_documents.service_trust("vpc-flow-logs.amazonaws.com")),
            tags=tags("flow-logs-role"),
            opts=child,
        )
        delivery = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=group.arn.apply(lambda arn: json.dumps(policy_documents.flow_log_delivery(arn))),
            opts=child,
        )
        aws.ec2.FlowLog(
            f"{name}-flow-log",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags=tags("flow-log"),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[delivery])),
        )
        self.register_outputs({"group": group.name})
