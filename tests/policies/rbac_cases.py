"""Cases of the rules about rights in the Kubernetes API."""

from __future__ import annotations

from typing import Any

from tests.policies.cases import Case
from tests.policies.objects import Json, resource

RBAC = "rbac.authorization.k8s.io"


def role(kind: str = "Role", **rule: Any) -> Json:
    own = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "nonResourceURLs": ["/metrics"]} | rule
    space = {"namespace": "storage"} if kind == "Role" else {}
    return resource(f"{RBAC}/v1:{kind}", {"metadata": {"name": "app", **space}, "rules": [own]})


def binding(form: str = "RoleBinding", role_name: str = "app", **subject: str) -> Json:
    account = {"kind": "ServiceAccount", "name": "app", "namespace": "storage"} | subject
    space = {"namespace": "storage"} if form == "RoleBinding" else {}
    inputs = {
        "metadata": {"name": "app", **space},
        "roleRef": {"apiGroup": RBAC, "kind": form.removesuffix("Binding"), "name": role_name},
        "subjects": [account],
    }
    return resource(f"{RBAC}/v1:{form}", inputs)


def _one(rule: str, item: Json, path: str, bad: Any, *, absent_fails: bool = False, at: str | None = None) -> Case:
    return Case(rule=rule, resources=[item], path=path, bad=bad, absent_fails=absent_fails, at=at)


RBAC_CASES = [
    *(
        _one("RBAC-01", binding(kind), "roleRef.name", bad)
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for bad in ("cluster-admin", "admin")
    ),
    _one("RBAC-06", binding("ClusterRoleBinding", "cluster-admin"), "subjects[0].kind", "Group"),
    _one(
        "RBAC-06",
        binding("ClusterRoleBinding", "viewers", kind="Group"),
        "roleRef.name",
        "cluster-admin",
        at="subjects[0]",
    ),
    *(
        _one("RBAC-02", role(kind), f"rules[0].{member}", ["get", bad])
        for kind in ("Role", "ClusterRole")
        for member, bad in (("apiGroups", "*"), ("resources", "*/scale"), ("verbs", "*"), ("nonResourceURLs", "*"))
    ),
    *(
        _one("RBAC-03", role("ClusterRole", resourceNames=["x"], verbs=[verb]), "rules[0].resources", [bad])
        for verb, bad in (("get", "secrets"), ("list", "secrets"), ("watch", "secrets"), ("*", "*"))
    ),
    _one(
        "RBAC-03",
        role(resources=["secrets"], resourceNames=["x"]),
        "rules[0].resourceNames",
        [],
        absent_fails=True,
        at="rules[0].resources",
    ),
    _one("RBAC-03", role(resources=["secrets"], verbs=["create"]), "rules[0].verbs", ["list"], at="rules[0].resources"),
    _one(
        "RBAC-03", role(resources=["secrets"], apiGroups=["apps"]), "rules[0].apiGroups", [""], at="rules[0].resources"
    ),
    *(_one("RBAC-04", role(), "rules[0].verbs", ["get", verb]) for verb in ("escalate", "bind", "impersonate")),
    *(
        _one("RBAC-04", role("ClusterRole", verbs=["create"]), "rules[0].resources", ["x", bad])
        for bad in ("pods", "pods/exec", "serviceaccounts/token", "persistentvolumes")
    ),
    _one(
        "RBAC-04",
        role(resources=["deployments"], verbs=["create"]),
        "rules[0].apiGroups",
        ["apps"],
        at="rules[0].resources",
    ),
    _one(
        "RBAC-04", role(resources=["nodes/proxy"], verbs=["delete"]), "rules[0].verbs", ["get"], at="rules[0].resources"
    ),
    *(
        _one("RBAC-05", binding(kind), "subjects[0].name", bad)
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for bad in (
            "system:anonymous",
            "system:unauthenticated",
            "system:authenticated",
            "system:serviceaccounts",
            "system:masters",
        )
    ),
]
