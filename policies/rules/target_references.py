"""What is scaled, routed to or bound by name exists."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from components.base.operator_objects import OperatorObject
from policies.backends import backends
from policies.checks import each
from policies.cluster_contents import ClusterContents, with_contents
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.stack import Stack
from policies.subjects import Subject

ROUTES = "gateway.networking.k8s.io"
RBAC = "rbac.authorization.k8s.io"

BUILT_IN_ROLES = ("cluster-admin", "admin", "edit", "view")
"""ClusterRoles of every cluster; those that begin with `system:` are too."""

_NOTHING = "names a {} that neither the stack nor an operator makes"


def _scalers(stack: Stack) -> Iterable[Subject]:
    return (*stack.of("autoscaling", "HorizontalPodAutoscaler"), *stack.of("keda.sh", "ScaledObject"))


def _scaled(contents: ClusterContents, scaler: Subject) -> Outcomes:
    target = scaler.root.at("spec", "scaleTargetRef")
    # KEDA's defaults.
    kind = target.at("kind").text() or "Deployment"
    group = (target.at("apiVersion").text() or "apps/v1").rpartition("/")[0]
    if contents.find(group, kind, scaler.namespace, target.at("name").text()) is None:
        yield Violation(target.at("name").path, "names a workload that the stack does not make")


def _routes(stack: Stack) -> Iterable[Subject]:
    return (*stack.of(ROUTES, "HTTPRoute", "GRPCRoute"), *stack.of("networking.k8s.io", "Ingress"))


def _routed(contents: ClusterContents, route: Subject) -> Outcomes:
    yield from each(route.root.at("spec", "parentRefs").items(), partial(_parent, contents, route))
    yield from each(backends(route), partial(_backend, contents, route))


def _parent(contents: ClusterContents, route: Subject, parent: Field) -> Outcomes:
    namespace, section = parent.at("namespace").text() or route.namespace, parent.at("sectionName")
    gateway = contents.find(ROUTES, parent.at("kind").text() or "Gateway", namespace, parent.at("name").text())
    if gateway is None:
        yield Violation(parent.at("name").path, _NOTHING.format("Gateway"))
    elif section.present and isinstance(gateway, Subject):
        listeners = gateway.root.at("spec", "listeners").items()
        if not any_known(listeners, lambda listener: listener.at("name").text() == section.text()):
            yield Violation(section.path, "names a listener that the Gateway does not have")


def _backend(contents: ClusterContents, route: Subject, backend: Field) -> Outcomes:
    if not backend.present or backend.at("kind").text() not in {"", "Service"}:
        return
    namespace, name = backend.at("namespace").text() or route.namespace, backend.at("name")
    service = contents.find("", "Service", namespace, name.text())
    if service is None:
        yield Violation(name.path, _NOTHING.format("Service"))
    elif not _offers(service, backend.at("port")):
        yield Violation(backend.at("port").path, "names a port that the Service does not have")


def _offers(service: Subject | OperatorObject, port: Field) -> bool:
    if isinstance(port.value, dict):
        # An Ingress may give the port's name instead.
        port = port.at("number")
    if isinstance(service, OperatorObject):
        return port.value in service.ports.values()
    return any_known(service.root.at("spec", "ports").items(), lambda own: own.at("port").value == port.value)


def _bindings(stack: Stack) -> Iterable[Subject]:
    return stack.of(RBAC, "RoleBinding", "ClusterRoleBinding")


def _bound(contents: ClusterContents, binding: Subject) -> Outcomes:
    yield from each([binding.root.at("roleRef")], partial(_role, contents, binding))
    yield from each(binding.root.at("subjects").items(), partial(_account, contents))


def _role(contents: ClusterContents, binding: Subject, role: Field) -> Outcomes:
    kind, name = role.at("kind").text(), role.at("name")
    if kind == "ClusterRole" and (name.text() in BUILT_IN_ROLES or name.text().startswith("system:")):
        return
    namespace = binding.namespace if kind == "Role" else ""
    if namespace == "kube-system":
        return
    if contents.find(RBAC, kind, namespace, name.text()) is None:
        yield Violation(name.path, _NOTHING.format("role"))


def _account(contents: ClusterContents, subject: Field) -> Outcomes:
    name, namespace = subject.at("name"), subject.at("namespace").text()
    if subject.at("kind").text() != "ServiceAccount" or namespace == "kube-system":
        return
    if contents.find("", "ServiceAccount", namespace, name.text()) is None:
        yield Violation(name.path, _NOTHING.format("ServiceAccount"))


RULES = (
    Rule(
        id="REL-09",
        title="What is scaled exists",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A scaler without a target scales nothing: load meets the smallest number of replicas.",
        sources=("kube-linter dangling-horizontalpodautoscaler", "kube-score horizontalpodautoscaler-has-target"),
        remediation="Name the workload by apiVersion, kind and name as the program makes it.",
        of_stack=with_contents(_scalers, _scaled),
    ),
    Rule(
        id="REL-10",
        title="Routes lead from a listener to a Service",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A route that hangs nowhere or leads nowhere answers every request with an error.",
        sources=("kube-linter dangling-ingress", "kube-score ingress-targets-service"),
        remediation="Name a Gateway, a listener, a Service and a port of the stack.",
        of_stack=with_contents(_routes, _routed),
    ),
    Rule(
        id="REL-11",
        title="Bindings name a role and accounts that exist",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="Whoever makes the missing account or role later has, or gives, the rights.",
        sources=("kube-linter non-existent-service-account", "Polaris", "own"),
        remediation="Bind a Role of the same namespace to a ServiceAccount of the stack.",
        of_stack=with_contents(_bindings, _bound),
    ),
)
