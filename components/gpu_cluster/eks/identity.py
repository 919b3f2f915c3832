"""EKS Pod Identity: a ServiceAccount gets a role of its own, with exactly what was granted to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.base.handles import BucketPurpose, IdentityGrant, ObjectStore
from components.base.wiring import External
from components.gpu_cluster.eks import policy_documents
from components.gpu_cluster.eks.tags import resource_tags

CREDENTIALS = External(name="credentials", cidrs=("169.254.170.23/32",))
"""The Pod Identity agent on every node. It is not the metadata service, which pods cannot reach."""


@dataclass(frozen=True, kw_only=True)
class PodRole:
    """A role and the association that gives it to a ServiceAccount."""

    role: aws.iam.Role
    association: aws.eks.PodIdentityAssociation


@dataclass(frozen=True, kw_only=True)
class PodIdentity:
    """Grants by Pod Identity. A ServiceAccount has one role that collects its grants: EKS allows one association."""

    environment: str
    account_id: str
    region: str
    cluster_name: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    _roles: dict[tuple[str, str], PodRole] = field(default_factory=dict[tuple[str, str], PodRole])

    def grant(
        self,
        name: str,
        *,
        namespace: str,
        service_account: str,
        store: ObjectStore,
        purpose: BucketPurpose,
        write: bool,
        opts: pulumi.ResourceOptions,
        prefix: str = "",
    ) -> IdentityGrant:
        """Let the ServiceAccount read (and write) the bucket of `purpose`, or its objects below `prefix` alone.

        Raises ValueError where the store has no such bucket.
        """
        if purpose not in store.buckets:
            message = f"{namespace}/{service_account}: the object store has no bucket {purpose!r}"
            raise ValueError(message)
        pod_role = self.role_of(name, namespace=namespace, service_account=service_account, opts=opts)
        arn = pulumi.Output.concat("arn:aws:s3:::", store.buckets[purpose].name)
        document = pulumi.Output.all(arn, self.key_arn).apply(
            lambda arns: json.dumps(policy_documents.bucket_access(arns[0], arns[1], write=write, prefix=prefix))
        )
        access = aws.iam.RolePolicy(f"{name}-{purpose}-access", role=pod_role.role.name, policy=document, opts=opts)
        return IdentityGrant(environment={"AWS_REGION": self.region}, access=None, ready=(pod_role.association, access))

    def role_of(self, name: str, *, namespace: str, service_account: str, opts: pulumi.ResourceOptions) -> PodRole:
        """The role of a ServiceAccount, made on the first call."""
        key = (namespace, service_account)
        if key not in self._roles:
            role = aws.iam.Role(
                f"{name}-role",
                assume_role_policy=json.dumps(policy_documents.pod_trust(self.account_id)),
                tags=resource_tags(f"{name}-role", self.environment),
                opts=opts,
            )
            association = aws.eks.PodIdentityAssociation(
                f"{name}-identity",
                cluster_name=self.cluster_name,
                namespace=namespace,
                service_account=service_account,
                role_arn=role.arn,
                tags=resource_tags(f"{name}-identity", self.environment),
                opts=opts,
            )
            self._roles[key] = PodRole(role=role, association=association)
        return self._roles[key]
