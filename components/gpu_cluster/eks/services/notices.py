"""The topic on which AWS says what a person must know: backups that failed.

The budget sends its messages to the addresses itself, without a subscription that somebody must confirm first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.gpu_cluster.eks.services import service_policies
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksNotices"


@dataclass(frozen=True, kw_only=True)
class EksNoticesArgs:
    """Each of `emails` gets a message in which to confirm the subscription."""

    environment: str
    account_id: str
    cluster_name: str
    emails: tuple[str, ...]


class EksNotices(pulumi.ComponentResource):
    """`topic` may be published to by AWS Backup once `ready` exists.

    Its key is its own: the publisher must be named in the key's policy, and what it says needs no other key.
    """

    topic: aws.sns.Topic
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksNoticesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key(
            f"{name}-key",
            description=f"notices of {args.cluster_name}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=json.dumps(service_policies.notice_key(args.account_id)),
            tags=resource_tags(f"{args.cluster_name}-notices-key", args.environment),
            opts=child,
        )
        self.topic = aws.sns.Topic(
            f"{name}-topic",
            name=f"{args.cluster_name}-notices",
            kms_master_key_id=key.id,
            tags=resource_tags(f"{args.cluster_name}-notices", args.environment),
            opts=child,
        )
        publishers = aws.sns.TopicPolicy(
            f"{name}-publishers",
            arn=self.topic.arn,
            policy=self.topic.arn.apply(lambda arn: json.dumps(service_policies.notice_topic(arn))),
            opts=child,
        )
        for index, email in enumerate(args.emails, start=1):
            aws.sns.TopicSubscription(
                f"{name}-reader{index}", topic=self.topic.arn, protocol="email", endpoint=email, opts=child
            )
        self.ready = (publishers,)
        self.register_outputs({"topic": self.topic.arn})
