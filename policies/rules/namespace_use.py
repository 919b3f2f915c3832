"""What lives in which namespace: nothing beside the platform's own, and no more GPUs than the namespace may have."""

from __future__ import annotations

from collections.abc import Iterator

from components.base.node_pools import GPU_RESOURCE_PREFIXES
from policies.checks import guarded
from policies.fields import any_known
from policies.findings import Level, Outcome, Outcomes, Severity, Undecided, Violation
from policies.normalise import UnknownValueError
from policies.registry import Rule
from policies.stack import Stack
from policies.subjects import CHART_PREFIX, KUBERNETES, Subject

DEFAULT = "default"
SYSTEM = ("kube-system", "kube-public", "kube-node-lease")

NAMESPACED_GROUPS = ("apps", "batch", "policy", "autoscaling", "discovery.k8s.io", "coordination.k8s.io")
"""API groups of which every kind lives in a namespace."""

NAMESPACED_KINDS = {
    "": (
        "ConfigMap",
        "Endpoints",
        "LimitRange",
        "PersistentVolumeClaim",
        "Pod",
        "ReplicationController",
        "ResourceQuota",
        "Secret",
        "Service",
        "ServiceAccount",
    ),
    "networking.k8s.io": ("Ingress", "NetworkPolicy"),
    "rbac.authorization.k8s.io": ("Role", "RoleBinding"),
    "gateway.networking.k8s.io": ("Gateway", "GRPCRoute", "HTTPRoute", "ReferenceGrant"),
}

READS_REQUEST_HEADERS = "extension-apiserver-authentication-reader"
"""Role in kube-system that a server behind the API server is bound to (Kubernetes documentation, "Configure the
Aggregation Layer")."""


def _own_namespace(subject: Subject) -> Outcomes:
    if subject.provider != KUBERNETES or subject.type.startswith(CHART_PREFIX):
        return
    place = subject.root.at("metadata", "namespace")
    name = place.text() or (DEFAULT if _is_namespaced(subject) else "")
    if name == DEFAULT:
        yield Violation(place.path, "must be a namespace of its own, not default")
    if name in SYSTEM and not _reads_request_headers(subject):
        yield Violation(place.path, "the namespaces of Kubernetes itself hold nothing of the platform")


def _is_namespaced(subject: Subject) -> bool:
    return subject.group in NAMESPACED_GROUPS or subject.kind in NAMESPACED_KINDS.get(subject.group, ())


def _reads_request_headers(subject: Subject) -> bool:
    if not subject.is_a("rbac.authorization.k8s.io", "RoleBinding"):
        return False
    return subject.root.at("roleRef", "name").text() == READS_REQUEST_HEADERS


def _quota(stack: Stack) -> Iterator[tuple[Subject | None, Outcome]]:
    wanted: set[str] = set()
    inhabited: dict[str, Subject] = {}
    for subject in stack.workloads:
        try:
            wanted |= _gpu_resources(subject)
            if not subject.vendored:
                inhabited.setdefault(subject.namespace, subject)
        except UnknownValueError as error:
            yield subject, Undecided(error.path)
    keys = sorted(f"requests.{resource}" for resource in wanted)
    for namespace, witness in inhabited.items():
        quotas = stack.near(namespace, "", "ResourceQuota")
        for outcome in guarded(lambda quotas: _limits(quotas, namespace, keys), quotas):  # noqa: B023 (used at once)
            yield witness, outcome


def _gpu_resources(subject: Subject) -> set[str]:
    return {
        name
        for pod in subject.pods
        for container in pod.containers
        for part in ("requests", "limits")
        for name, _ in container.field.at("resources", part).entries()
        if name.startswith(GPU_RESOURCE_PREFIXES)
    }


def _limits(quotas: list[Subject], namespace: str, keys: list[str]) -> Outcomes:
    def here(quota: Subject, *wanted: str) -> bool:
        hard = quota.root.at("spec", "hard")
        return quota.namespace == namespace and all(hard.at(key).present for key in wanted) and bool(hard.entries())

    if not any_known(quotas, here):
        yield Violation("metadata.namespace", f"namespace {namespace} has pods and no ResourceQuota")
        return
    for key in keys:
        if not any_known(quotas, lambda quota, key=key: here(quota, key)):
            yield Violation("metadata.namespace", f"no ResourceQuota of namespace {namespace} limits {key}")


RULES = (
    Rule(
        id="NS-02",
        title="Nothing lives in default or in the namespaces of Kubernetes",
        severity=Severity.MEDIUM,
        level=Level.OWN_MANDATORY,
        why="Policies, quotas and Pod Security levels hang on namespaces: what lies in default has none of them.",
        sources=("CIS 5.7.4", "CIS EKS 4.5.2", "kube-linter use-namespace", "CKV_K8S_21", "KSV-0037"),
        remediation="Put the object into a namespace of components/base/namespaces.py.",
        of_object=lambda subject: guarded(_own_namespace, subject),
    ),
    Rule(
        id="NS-03",
        title="Every namespace with pods has a quota, GPUs included",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="Without a quota one namespace can ask for every GPU of the cluster.",
        sources=("NSA ResourceQuota", "KSV", "own"),
        remediation="Add a ResourceQuota with requests.<GPU resource>, 0 where no model is served "
        "(components/namespaces). A LimitRange is not asked for: POD-15 demands requests and limits of every pod.",
        of_stack=_quota,
    ),
)
