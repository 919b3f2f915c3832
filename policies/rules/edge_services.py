"""What is open to the outside: the edge gateway and nothing else, and no configuration slipped into a proxy."""

from __future__ import annotations

import re

from components.base.label_selector import selects_by_map
from components.base.peers import EDGE_PROXY, OWNING_GATEWAY_LABEL
from policies.checks import each, per_object, together
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.rules.exposure import OPEN_TYPES
from policies.subjects import Subject

EDGE = dict(EDGE_PROXY.selector)[OWNING_GATEWAY_LABEL]
"""Name of the platform's one Gateway that clients reach, and of the EnvoyProxy behind it."""

SNIPPET = re.compile(r"^nginx\.(?:ingress\.kubernetes\.io|org)/.*snippets?$")


def _closed_service(service: Subject) -> Outcomes:
    spec = service.root.at("spec")
    kind, addresses = spec.at("type"), spec.at("externalIPs")
    if kind.text() in OPEN_TYPES and not _is_edge(service):
        yield Violation(kind.path, "must be ClusterIP: only the edge gateway is open to the outside")
    if addresses.items():
        yield Violation(addresses.path, "must not be set: whoever may set it can take over any address")


def _is_edge(service: Subject) -> bool:
    labels = service.root.at("spec", "selector").strings()
    return service.namespace == EDGE_PROXY.namespace and selects_by_map(dict(EDGE_PROXY.selector), labels)


def _closed_proxies(proxies: Subject) -> Outcomes:
    kind = proxies.root.at("spec", "provider", "kubernetes", "envoyService", "type")
    if kind.text() == "ClusterIP" or (proxies.namespace, proxies.name) == (EDGE_PROXY.namespace, EDGE):
        return
    if not proxies.patch or kind.present:
        yield Violation(kind.path, "must be ClusterIP (the default is LoadBalancer): these are not the edge's proxies")


def _no_snippets(ingress: Subject) -> Outcomes:
    def check(annotation: tuple[str, Field]) -> Outcomes:
        key, value = annotation
        if SNIPPET.search(key):
            yield Violation(value.path, "must not be set: it changes the proxy's configuration for everybody")

    yield from each(ingress.root.at("metadata", "annotations").entries(), check)


RULES = (
    Rule(
        id="NET-04",
        title="Only the edge gateway is open to the outside",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="Every other address outside goes around keys, budgets, limits and logs of the gateway.",
        sources=(
            "Pulumi compliance-policies disallowLoadBalancer",
            "kube-linter exposed-services",
            "kube-score service-type",
            "kubescape C-0256",
        ),
        remediation="Make the Service a ClusterIP and add an HTTPRoute of the edge Gateway.",
        of_object=together(
            per_object(_closed_service, "", "Service"),
            per_object(_closed_proxies, "gateway.envoyproxy.io", "EnvoyProxy"),
        ),
    ),
    Rule(
        id="NET-06",
        title="No proxy configuration in annotations",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Snippets run as the proxy and read the secrets of every tenant (CVE-2021-25742).",
        sources=("CKV_K8S_152", "CKV_K8S_153", "CKV_K8S_154", "NSA C-0059", "CVE-2021-25742"),
        remediation="Use a field of the HTTPRoute, or a policy object of the gateway.",
        of_object=per_object(_no_snippets, "networking.k8s.io", "Ingress"),
    ),
)
