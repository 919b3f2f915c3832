"""Rights in the Kubernetes API: few, named, and given to accounts of the platform."""

from __future__ import annotations

from collections.abc import Callable

from components.base.dangerous_grants import (
    ADMIN_ROLES,
    CLUSTER_ADMIN,
    DANGEROUS_GRANTS,
    ESCALATING_VERBS,
    EVERYBODY,
    READING,
)
from policies.checks import each, guarded, per_object
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import ObjectCheck, Rule
from policies.subjects import Subject

GROUP = "rbac.authorization.k8s.io"
ROLES = ("Role", "ClusterRole")
BINDINGS = ("RoleBinding", "ClusterRoleBinding")
_ANY = "*"
_MEMBERS = ("apiGroups", "resources", "verbs", "nonResourceURLs")


def _no_admin(binding: Subject) -> Outcomes:
    role = binding.root.at("roleRef", "name")
    if role.text() in ADMIN_ROLES:
        yield Violation(role.path, f"must not be one of {', '.join(ADMIN_ROLES)}: grant what is needed")


def _no_admin_group(binding: Subject) -> Outcomes:
    def check(subject: Field) -> Outcomes:
        if subject.at("kind").text() == "Group":
            yield Violation(subject.path, "no group may be administrator of the cluster")

    if binding.root.at("roleRef", "name").text() == CLUSTER_ADMIN:
        yield from each(binding.root.at("subjects").items(), check)


def _not_everybody(binding: Subject) -> Outcomes:
    def check(subject: Field) -> Outcomes:
        name = subject.at("name")
        if name.text() in EVERYBODY:
            yield Violation(name.path, "must be a named account, not everybody")

    yield from each(binding.root.at("subjects").items(), check)


def _no_wildcard(_: Subject, rule: Field) -> Outcomes:
    def check(item: Field) -> Outcomes:
        if _ANY in item.text():
            yield Violation(item.path, "must be named: a wildcard also grants what does not exist yet")

    yield from each((rule.at(member) for member in _MEMBERS), lambda member: each(member.items(), check))


def _grants(rule: Field, member: str, *wanted: str) -> bool:
    return any_known(rule.at(member).items(), lambda item: item.text() in (_ANY, *wanted))


def _secrets_by_name(role: Subject, rule: Field) -> Outcomes:
    resources, names = rule.at("resources"), rule.at("resourceNames")
    by_name = role.kind == "Role" and bool(names.items())
    if by_name or not _grants(rule, "resources", "secrets"):
        return
    if _grants(rule, "apiGroups", "") and _grants(rule, "verbs", *READING):
        yield Violation(resources.path, "Secrets may only be read in one namespace (Role) and by resourceNames")


def _no_escalation(_: Subject, rule: Field) -> Outcomes:
    def verb(item: Field) -> Outcomes:
        if item.text() in ESCALATING_VERBS:
            yield Violation(item.path, "this right makes an account more than it is")

    def resource(item: Field) -> Outcomes:
        grant = DANGEROUS_GRANTS.get(item.text())
        if grant and _grants(rule, "apiGroups", grant.group) and _grants(rule, "verbs", *grant.verbs):
            yield Violation(item.path, f"this right {grant.consequence}")

    yield from guarded(lambda rule: each(rule.at("verbs").items(), verb), rule)
    yield from each(rule.at("resources").items(), resource)


def _per_rule(check: Callable[[Subject, Field], Outcomes]) -> ObjectCheck:
    """Run `check` on every rule of a role."""

    def of_role(role: Subject) -> Outcomes:
        yield from each(role.root.at("rules").items(), lambda rule: check(role, rule))

    return per_object(of_role, GROUP, *ROLES)


RULES = (
    Rule(
        id="RBAC-01",
        title="Nobody is bound to an administrator's role",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="Whoever takes over one pod of an administrator's account owns the cluster.",
        sources=("CIS 5.1.1", "CIS EKS 4.1.1", "NSA C-0035", "kube-linter cluster-admin-role-binding", "KSV-0051"),
        remediation="Write a Role with the few rights that are needed and bind that.",
        of_object=per_object(_no_admin, GROUP, *BINDINGS),
    ),
    Rule(
        id="RBAC-06",
        title="No group is administrator of the cluster",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="Whoever is put into the group, wherever it is kept, owns the cluster, and nothing here shows it.",
        sources=("CIS 5.1.1", "own"),
        remediation="Name the one account that needs it, in an exception of RBAC-01; a group gains members unseen.",
        of_object=per_object(_no_admin_group, GROUP, "ClusterRoleBinding"),
        exemptable=False,
    ),
    Rule(
        id="RBAC-02",
        title="No wildcard in a role",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="A wildcard also grants the resources and verbs of tomorrow.",
        sources=("CIS 5.1.3", "kube-linter wildcard-in-rules", "CKV_K8S_49", "KSV-0044"),
        remediation="Name API groups, resources and verbs.",
        of_object=_per_rule(_no_wildcard),
    ),
    Rule(
        id="RBAC-03",
        title="Secrets are read by name",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="Secrets hold every credential of the platform; reading them all is being everybody.",
        sources=("CIS 5.1.2", "kube-linter access-to-secrets", "CKV2_K8S_5", "KSV-0041"),
        remediation="Use a Role with resourceNames, or mount the Secret into the pod.",
        of_object=_per_rule(_secrets_by_name),
    ),
    Rule(
        id="RBAC-04",
        title="No right that leads to more rights",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="Whoever takes over such an account binds itself a stronger role, acts as somebody else or opens a "
        "shell in any pod.",
        sources=("CIS 5.1.4", "CIS 5.1.8", "CIS EKS 4.1.8", "CKV_K8S_155", "CKV2_K8S_1", "KSV-0050", "NSA C-0002"),
        remediation="Leave the right out, or give it to an operator of its own namespace by an exception.",
        of_object=_per_rule(_no_escalation),
    ),
    Rule(
        id="RBAC-05",
        title="Rights are given to named accounts",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="Rights of everybody are rights of an attacker without an account.",
        sources=("CIS 5.1.7", "kubescape C-0262", "kubescape C-0265"),
        remediation="Bind the ServiceAccount or group that needs the right.",
        of_object=per_object(_not_everybody, GROUP, *BINDINGS),
    ),
)
