"""IAM: roles with the rights they need, that only the right workload can take on."""

from __future__ import annotations

from collections.abc import Iterable

from policies.checks import each, per_type
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.policy_documents import NARROWING_KEYS, Statement, statements
from policies.registry import Rule
from policies.subjects import Subject

ROLES = ("aws:iam/role:Role",)
POLICIES = (
    "aws:iam/groupPolicy:GroupPolicy",
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
)
ATTACHMENTS = (
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
)
LONG_LIVED = (
    "aws:iam/accessKey:AccessKey",
    "aws:iam/user:User",
    "aws:iam/userLoginProfile:UserLoginProfile",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
)

UNLIMITED_POLICIES = ("/AdministratorAccess", "/PowerUserAccess", "/IAMFullAccess")
"""Policies of AWS with which one can do everything, or make somebody who can."""

GUARDED_ACTIONS = (
    "dynamodb:getitem",
    "iam:attachrolepolicy",
    "iam:createaccesskey",
    "iam:passrole",
    "iam:putrolepolicy",
    "iam:updateassumerolepolicy",
    "kms:decrypt",
    "kms:reencryptfrom",
    "rds-db:connect",
    "s3:deleteobject",
    "s3:getobject",
    "s3:putobject",
    "secretsmanager:getsecretvalue",
    "sqs:receivemessage",
    "ssm:getparameter",
    "sts:assumerole",
)
"""What reads, changes or unlocks data, and what hands out rights: each needs the resource by name."""

SAYING_NOTHING_OF_RESOURCES = frozenset({*NARROWING_KEYS, "aws:requestedregion"})
"""Keys about who asks, from where and in which region: true of every request of the role, whatever it asks for."""

POD_IDENTITY = "pods.eks.amazonaws.com"
POD_IDENTITY_KEYS = ("aws:sourceaccount", "aws:sourcearn")


def _documents(subject: Subject) -> list[Field]:
    """The documents of rights in a policy, or inline in a role."""
    inline = [policy.at("policy") for policy in subject.root.at("inlinePolicies").items()]
    return inline if subject.type in ROLES else [subject.root.at("policy")]


def _no_unlimited_rights(subject: Subject) -> Outcomes:
    if subject.type in ATTACHMENTS:
        arns = [subject.root.at("policyArn"), *subject.root.at("policyArns").items()]
        return each(arns, _no_unlimited_policy)
    return each((*_documents(subject), *_managed(subject)), _limited)


def _managed(subject: Subject) -> list[Field]:
    return subject.root.at("managedPolicyArns").items()


def _limited(field: Field) -> Outcomes:
    """`field` is a document, or the ARN of one of AWS's policies."""
    if field.text().startswith("arn:"):
        yield from _no_unlimited_policy(field)
        return
    for statement in statements(field):
        if statement.allows and statement.is_for_every_action:
            yield Violation(field.path, "must name the actions that it allows")


def _no_unlimited_policy(arn: Field) -> Outcomes:
    if arn.text().endswith(UNLIMITED_POLICIES):
        yield Violation(arn.path, "must be a policy with the rights that are needed and no more")


def _by_name(subject: Subject) -> Outcomes:
    return each(_documents(subject), _guarded_by_name)


def _guarded_by_name(document: Field) -> Outcomes:
    for statement in statements(document):
        if statement.allows and _reaches_everything(statement) and _is_guarded(statement):
            yield Violation(document.path, "must name the resources whose data or rights it gives away")


def _reaches_everything(statement: Statement) -> bool:
    return statement.is_for_everything and not statement.demanded - SAYING_NOTHING_OF_RESOURCES


def _is_guarded(statement: Statement) -> bool:
    # Unlimited rights are another rule's.
    unlimited = statement.is_for_every_action and not statement.excludes_actions
    return not unlimited and any(statement.covers(action) for action in GUARDED_ACTIONS)


def _trusted(role: Subject) -> Outcomes:
    document = role.root.at("assumeRolePolicy")
    for statement in statements(document):
        if statement.allows:
            for expected in _missing_binding(statement):
                yield Violation(document.path, expected)


def _missing_binding(statement: Statement) -> Iterable[str]:
    if statement.is_for_everybody:
        yield "must name who may take on the role"
    if POD_IDENTITY in statement.principals.get("Service", ()) and not any(
        statement.demands(key) for key in POD_IDENTITY_KEYS
    ):
        yield "must demand aws:SourceAccount or aws:SourceArn of EKS Pod Identity"
    for provider in statement.principals.get("Federated", ()):
        # Those that AWS knows by name, such as accounts.google.com, sign in the whole world.
        issuer = (provider.partition("oidc-provider/")[2] if provider.startswith("arn:") else provider).lower()
        if issuer and not all(statement.demands(f"{issuer}:{claim}") for claim in ("aud", "sub")):
            yield "must demand aud and sub of the tokens of the identity provider"


def _long_lived(_: Subject) -> Outcomes:
    yield Violation("", "must be a role that a workload takes on: users, passwords and access keys do not expire")


RULES = (
    Rule(
        id="AWS-05",
        title="No role may do everything",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="Whoever gets credentials of such a role owns the account: its data, its backups, its other roles "
        "and its bill.",
        sources=("FSBP IAM.1", "CIS AWS 1.16", "CKV_AWS_62", "CKV_AWS_63", "CKV_AWS_274"),
        remediation="Name the actions; no Action *, no NotAction, no AdministratorAccess.",
        of_object=per_type(_no_unlimited_rights, *ROLES, *POLICIES, *ATTACHMENTS),
    ),
    Rule(
        id="AWS-26",
        title="Rights to data and to other rights name their resources",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="One workload that was broken into reads every bucket, secret or key of the account, or hands "
        "itself a stronger role, instead of the one thing it needs.",
        sources=("FSBP KMS.1, KMS.2", "CKV_AWS_108", "CKV_AWS_109", "CKV_AWS_110", "CKV_AWS_288", "CKV_AWS_356"),
        remediation="Name bucket and prefix, key, secret or role by ARN, or narrow the statement by a condition on "
        "the resource, such as its account or tag.",
        of_object=per_type(_by_name, *ROLES, *POLICIES),
    ),
    Rule(
        id="AWS-27",
        title="Roles trust one workload, account or service",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Another pod, account or pipeline that the role cannot tell from the right one takes it on, with "
        "all its rights.",
        sources=("CKV_AWS_60", "CKV_AWS_61", "CKV_AWS_358", "EKS user guide: Pod Identity trust policies"),
        remediation="Name the principal; demand aws:SourceAccount of Pod Identity, aud and sub of OIDC tokens.",
        of_object=per_type(_trusted, *ROLES),
    ),
    Rule(
        id="AWS-28",
        title="No IAM users and no access keys",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="An access key that got into a file or a log opens the account from anywhere, for years, until "
        "somebody notices.",
        sources=("FSBP IAM.2, IAM.3", "CIS AWS 1.15", "CKV_AWS_40", "CKV_AWS_273"),
        remediation="Make a role, and give it to pods by EKS Pod Identity and to people by single sign-on.",
        of_object=per_type(_long_lived, *LONG_LIVED),
    ),
)
