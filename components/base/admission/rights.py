"""Rights in the Kubernetes API: few, named, and given to accounts of the platform."""

from __future__ import annotations

from dataclasses import replace

from components.base.admission.policy import Check, Resources, text_list
from components.base.dangerous_grants import (
    ADMIN_ROLES,
    CLUSTER_ADMIN,
    DANGEROUS_GRANTS,
    ESCALATING_VERBS,
    EVERYBODY,
    READING,
)

ROLES = (Resources(group="rbac.authorization.k8s.io", names=("roles", "clusterroles")),)
BINDINGS = (Resources(group="rbac.authorization.k8s.io", names=("rolebindings", "clusterrolebindings")),)

_RULES = "dyn(object).?rules.orValue([])"
_SUBJECTS = "dyn(object).?subjects.orValue([])"


def _each_rule(rule: str, demand: str, expression: str) -> Check:
    return Check(rule=rule, demand=demand, expression=f"{_RULES}.all(rule, {expression})")


def _grants(member: str, *wanted: str) -> str:
    return f"rule.?{member}.orValue([]).exists(item, item in {text_list(('*', *wanted))})"


_RULE_CHECKS: tuple[Check, ...] = (
    _each_rule(
        "RBAC-02",
        "a role must name API groups, resources, verbs and paths: a wildcard also grants what does not exist yet",
        "[?rule.?apiGroups, ?rule.?resources, ?rule.?verbs, ?rule.?nonResourceURLs].all(named, "
        "named.all(item, !item.contains('*')))",
    ),
    _each_rule(
        "RBAC-03",
        "Secrets may only be read in one namespace (Role) and by resourceNames",
        "(request.kind.kind in ['Role'] && size(rule.?resourceNames.orValue([])) > 0) || "
        f"!({_grants('resources', 'secrets')} && {_grants('apiGroups', '')} && {_grants('verbs', *READING)})",
    ),
)

_ESCALATION_CHECKS: tuple[Check, ...] = (
    _each_rule(
        "RBAC-04",
        f"a role must not grant {', '.join(ESCALATING_VERBS)}: they make an account more than it is",
        f"!rule.?verbs.orValue([]).exists(verb, verb in {text_list(ESCALATING_VERBS)})",
    ),
    *(
        _each_rule(
            "RBAC-04",
            f"a role must not grant {', '.join(grant.verbs)} of {resource}: it {grant.consequence}",
            f"!('{resource}' in rule.?resources.orValue([]) && {_grants('apiGroups', grant.group)} && "
            f"{_grants('verbs', *grant.verbs)})",
        )
        for resource, grant in DANGEROUS_GRANTS.items()
    ),
)


def role_checks(excepted: frozenset[str]) -> tuple[Check, ...]:
    """`excepted` are ClusterRoles that an exception of RBAC-04 names."""
    by_name = f"(request.kind.kind in ['ClusterRole'] && dyn(object).metadata.name in {text_list(excepted)})"
    escalation = (
        replace(check, expression=f"{by_name} || {check.expression}") if excepted else check
        for check in _ESCALATION_CHECKS
    )
    return (*_RULE_CHECKS, *escalation)


OWN_BINDING_CHECKS: tuple[Check, ...] = (
    Check(
        rule="RBAC-01",
        demand=f"a binding must not give one of {', '.join(ADMIN_ROLES)}: grant what is needed",
        expression=f"!(dyn(object).roleRef.name in {text_list(ADMIN_ROLES)})",
    ),
    Check(
        rule="RBAC-05",
        demand="a binding must name an account, not everybody",
        expression=f"{_SUBJECTS}.all(subject, !(subject.name in {text_list(EVERYBODY)}))",
    ),
)

BINDING_CHECKS: tuple[Check, ...] = (
    Check(
        rule="RBAC-06",
        demand="no group may be administrator of the cluster",
        expression=(
            f"!(request.kind.kind in ['ClusterRoleBinding']) || dyn(object).roleRef.name != '{CLUSTER_ADMIN}' || "
            f"{_SUBJECTS}.all(subject, subject.kind != 'Group')"
        ),
    ),
)
"""Allows no exception, so that no chart is left out either."""
