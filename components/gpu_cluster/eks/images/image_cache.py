"""A cache of images in ECR: what a node pulls is fetched from its upstream registry once, by AWS, and kept.

Cached repositories are made by ECR at the first pull. They are not in the stack's state and outlive it: remove them
with the environment (`aws ecr delete-repository --force`), or their storage goes on being paid for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.base.handles import ImageRegistry
from components.base.image_upstreams import NEED_CREDENTIALS, UPSTREAM_URLS
from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.images import image_policies
from components.gpu_cluster.eks.tags import made_by_aws, resource_tags

TYPE = "ai-platform:gpu_cluster:EksImageCache"

KEPT_IMAGES = 100

Scanning = Literal["basic", "enhanced"]


@dataclass(frozen=True, kw_only=True)
class ImageCachePlan:
    """`hosts` are the upstream registries, `credentials` ARNs of Secrets Manager secrets by host. Repositories begin
    with `prefix`. `scanning` is None to leave the account's setting alone.
    """

    prefix: str
    hosts: tuple[str, ...]
    credentials: Mapping[str, str]
    scanning: Scanning | None

    def repository_prefix(self, host: str) -> str:
        """First part of the names of repositories that hold images of `host`."""
        return f"{self.prefix}/{host}"


def cached_registry(plan: ImageCachePlan, *, account_id: str, region: str) -> ImageRegistry:
    """Where images come from: the hosts of the plan by way of the cache, all others as they are."""
    registry = f"{account_id}.dkr.ecr.{region}.amazonaws.com"
    return ImageRegistry(caches={host: f"{registry}/{plan.repository_prefix(host)}" for host in plan.hosts})


@dataclass(frozen=True, kw_only=True)
class EksImageCacheArgs:
    """`key_arn` encrypts cached images, `stack_tags` go on their repositories."""

    environment: str
    account_id: str
    region: str
    plan: ImageCachePlan
    key_arn: pulumi.Input[str]
    stack_tags: Mapping[str, str]


class EksImageCache(pulumi.ComponentResource):
    """Nodes that `allow_pulls` was told of can pull through the cache after `ready`."""

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: EksImageCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        _check(args.plan)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._repositories = (
            f"arn:aws:ecr:{args.region}:{args.account_id}:repository/{args.plan.repository_prefix('*')}"
        )
        template = self._template()
        self.ready = tuple(
            aws.ecr.PullThroughCacheRule(
                f"{name}-{host}",
                ecr_repository_prefix=args.plan.repository_prefix(host),
                upstream_registry_url=UPSTREAM_URLS[host],
                credential_arn=args.plan.credentials.get(host),
                # A repository made before its template keeps ECR's defaults for good.
                opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[template])),
            )
            for host in args.plan.hosts
        )
        self._scan()
        self.register_outputs({"hosts": list(args.plan.hosts)})

    def _template(self) -> aws.ecr.RepositoryCreationTemplate:
        """One for all of the cache's repositories."""
        args = self._args
        role = aws.iam.Role(
            f"{self._name}-role",
            assume_role_policy=json.dumps(policy_documents.service_trust("ecr.amazonaws.com")),
            tags=resource_tags(f"{self._name}-role", args.environment),
            opts=self._child,
        )
        access = aws.iam.RolePolicy(
            f"{self._name}-role-policy",
            role=role.name,
            policy=pulumi.Output.from_input(args.key_arn).apply(
                lambda arn: json.dumps(image_policies.repository_creation(self._repositories, arn))
            ),
            opts=self._child,
        )
        return aws.ecr.RepositoryCreationTemplate(
            f"{self._name}-template",
            prefix=args.plan.prefix,
            description=f"Images of {args.environment}, cached",
            applied_fors=["PULL_THROUGH_CACHE"],
            custom_role_arn=role.arn,
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key_arn}],
            # ECR follows an upstream tag that moves, and fails to where tags are immutable. What must never change is
            # pinned by digest.
            image_tag_mutability="MUTABLE",
            lifecycle_policy=json.dumps(image_policies.image_retention(KEPT_IMAGES)),
            # ECR makes these repositories, the provider's tags do not reach them.
            resource_tags=made_by_aws(args.environment, args.stack_tags),
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[access])),
        )

    def _scan(self) -> None:
        """An account has one setting per region: two stacks that both have `scanning` overwrite each other."""
        plan = self._args.plan
        if plan.scanning is None:
            return
        continuous = plan.scanning == "enhanced"
        aws.ecr.RegistryScanningConfiguration(
            f"{self._name}-scanning",
            scan_type=plan.scanning.upper(),
            rules=[
                {
                    "scan_frequency": "CONTINUOUS_SCAN" if continuous else "SCAN_ON_PUSH",
                    "repository_filters": [{"filter": plan.repository_prefix("*"), "filter_type": "WILDCARD"}],
                }
            ],
            opts=self._child,
        )

    def allow_pulls(self, nodes: str, role_name: pulumi.Input[str]) -> pulumi.Resource:
        """Let the nodes of a role fill the cache. `nodes` is a name for them that never changes."""
        return aws.iam.RolePolicy(
            f"{self._name}-{nodes}-pulls",
            role=role_name,
            policy=json.dumps(image_policies.cached_pulls(self._repositories)),
            opts=self._child,
        )


def _check(plan: ImageCachePlan) -> None:
    """Raises ValueError for a host that ECR does not pull through, or not without a user."""
    for host in plan.hosts:
        if host not in UPSTREAM_URLS:
            message = f"hosts: ECR does not pull through {host}, only {', '.join(UPSTREAM_URLS)}"
            raise ValueError(message)
        if host in NEED_CREDENTIALS and host not in plan.credentials:
            message = f"credentials: ECR pulls through {host} with a user of yours only: name its secret"
            raise ValueError(message)
