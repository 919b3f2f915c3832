"""The two encryption keys of a cluster in AWS: one for the control plane and its logs, one for data."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.base.protection import guarded
from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EksKeys"


@dataclass(frozen=True, kw_only=True)
class EksKeysArgs:
    """`protect` guards the keys: what a key encrypted is lost with it."""

    environment: str
    account_id: str
    region: str
    cluster_name: str
    protect: bool


class EksKeys(pulumi.ComponentResource):
    """`cluster` encrypts Secrets and logs, `data` buckets, databases and volumes."""

    cluster: aws.kms.Key
    data: aws.kms.Key

    def __init__(self, name: str, args: EksKeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._args = name, args
        self.cluster = self._key("cluster", policy_documents.key_policy(args.account_id, log_region=args.region))
        self.data = self._key(
            "data",
            policy_documents.joined(
                policy_documents.key_policy(args.account_id), policy_documents.node_volumes_key(args.account_id)
            ),
        )
        self.register_outputs({"cluster": self.cluster.arn, "data": self.data.arn})

    def _key(self, use: str, document: policy_documents.Document) -> aws.kms.Key:
        args = self._args
        key = aws.kms.Key(
            f"{self._name}-{use}",
            description=f"{use} of {args.cluster_name}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=json.dumps(document),
            tags=resource_tags(f"{args.cluster_name}-{use}-key", args.environment),
            opts=guarded(pulumi.ResourceOptions(parent=self), protect=args.protect, outlives_stack=True),
        )
        aws.kms.Alias(
            f"{self._name}-{use}-alias",
            name=f"alias/{args.cluster_name}-{use}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return key
