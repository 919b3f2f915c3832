"""Notices of EC2 that a node will be taken away, in a queue from which Karpenter reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.gpu_cluster.eks.policy_documents import Document, policy
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:InterruptionQueue"

NOTICES = {
    "health": ("aws.health", "AWS Health Event"),
    "spot": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "state": ("aws.ec2", "EC2 Instance State-change Notification"),
    "reservation": ("aws.ec2", "EC2 Capacity Reservation Instance Interruption Warning"),
}
"""Source and type of the events that Karpenter 1.14 understands."""

RETENTION_SECONDS = 300
"""A notice that is older says nothing that Karpenter does not see on the node itself."""


@dataclass(frozen=True, kw_only=True)
class InterruptionQueueArgs:
    """`queue_name` is what the controller is told."""

    environment: str
    queue_name: str


class InterruptionQueue(pulumi.ComponentResource):
    """The queue, and one rule for each kind of notice. `ready` are what notices need to arrive."""

    queue: aws.sqs.Queue
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: InterruptionQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.queue = aws.sqs.Queue(
            f"{name}-queue",
            name=args.queue_name,
            message_retention_seconds=RETENTION_SECONDS,
            # Notices hold no data of the platform, and EventBridge would need a statement of its own in a key's policy.
            sqs_managed_sse_enabled=True,
            tags=resource_tags(args.queue_name, args.environment),
            opts=self._child,
        )
        rules = {notice: self._rule(notice) for notice in NOTICES}
        access = aws.sqs.QueuePolicy(
            f"{name}-access",
            queue_url=self.queue.url,
            policy=pulumi.Output.all(self.queue.arn, *(rule.arn for rule in rules.values())).apply(
                lambda arns: json.dumps(queue_policy(arns[0], arns[1:]))
            ),
            opts=self._child,
        )
        targets = [
            aws.cloudwatch.EventTarget(f"{name}-{notice}-target", rule=rule.name, arn=self.queue.arn, opts=self._child)
            for notice, rule in rules.items()
        ]
        self.ready = (self.queue, access, *targets)
        self.register_outputs({"queue": self.queue.arn})

    def _rule(self, notice: str) -> aws.cloudwatch.EventRule:
        source, detail = NOTICES[notice]
        return aws.cloudwatch.EventRule(
            f"{self._name}-{notice}",
            description=f"{detail} for {self._args.queue_name}",
            event_pattern=json.dumps({"source": [source], "detail-type": [detail]}),
            tags=resource_tags(f"{self._args.queue_name}-{notice}", self._args.environment),
            opts=self._child,
        )


def queue_policy(queue_arn: str, rule_arns: Sequence[str]) -> Document:
    """Only these rules of EventBridge put notices into the queue, and nobody speaks to it without TLS."""
    return policy(
        {
            "Sid": "RulesSend",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": list(rule_arns)}},
        },
        {
            "Sid": "RefusePlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": queue_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )
