"""Rows of the baseline: keys, roles and logs."""

from __future__ import annotations

from tests.components.gpu_cluster.aws.requirements import (
    Requirement,
    Subject,
    absent,
    asks,
    between,
    equals,
    narrow,
    outlives_stack,
    own_key,
    trusts,
)

UNSCOPED_ACTIONS = frozenset(
    {
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeVpcs",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "iam:ListInstanceProfiles",
        "pricing:GetProducts",
    }
)
"""Actions that AWS cannot limit to resources (Service Authorization Reference: no resource type), each only reading."""


def _holds_no_data(key: Subject) -> bool:
    """What is published is delivered and gone: the key of a topic alone loses nothing with it."""
    return not key.companions("sns/topic:Topic", "kmsMasterKeyId")


def _stays_in_the_account(key: Subject) -> bool:
    return all(
        set(statement["Principal"]) == {"Service"}
        or str(statement["Principal"]["AWS"]).endswith(":root")
        or "kms:CallerAccount" in statement.get("Condition", {}).get("StringEquals", {})
        for statement in key.statements("policy")
    )


ROWS: dict[str, tuple[Requirement, ...]] = {
    "kms/key:Key": (
        asks("its material rotates every year", "FSBP KMS.4", equals("enableKeyRotation", True)),
        asks(
            "deleting it takes 30 days, in which it can be taken back", "FSBP KMS.3", equals("deletionWindowInDays", 30)
        ),
        asks(
            "it is guarded, and outlives the stack: what it encrypted is lost with it",
            "own",
            lambda key: outlives_stack(key) or not _holds_no_data(key),
        ),
        asks("nobody outside of the account is in its policy", "FSBP KMS.5", _stays_in_the_account),
    ),
    "cloudwatch/logGroup:LogGroup": (
        asks(
            "it is kept for 30 days at least, and not for ever",
            "FSBP CloudWatch.16",
            between("retentionInDays", 30, 3653),
        ),
        asks("it is encrypted with a key of the platform", "own", own_key("kmsKeyId")),
    ),
    "iam/role:Role": (
        asks("only services of AWS may assume it", "FSBP IAM.1", trusts("assumeRolePolicy")),
        asks("its policies are resources of their own, or none", "own", absent("inlinePolicies", "managedPolicyArns")),
    ),
    "iam/rolePolicy:RolePolicy": (
        asks("actions are named and resources limited", "FSBP IAM.21", narrow("policy", unscoped=UNSCOPED_ACTIONS)),
    ),
    "iam/rolePolicyAttachment:RolePolicyAttachment": (
        asks(
            "the policy is a service's own, never one of administration",
            "FSBP IAM.1",
            lambda one: not any(word in one.one("policyArn") for word in ("Administrator", "PowerUser", "FullAccess")),
        ),
    ),
    "cloudwatch/logResourcePolicy:LogResourcePolicy": (
        asks(
            "only services of AWS are allowed anything by it, on behalf of the own account",
            "own",
            lambda one: all(
                set(statement["Principal"]) == {"Service"} and "aws:SourceAccount" in str(statement["Condition"])
                for statement in one.statements("policyDocument")
            ),
        ),
    ),
}
