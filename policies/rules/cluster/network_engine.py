"""Network policies are promises that something must keep: k3s enforces them by default, EKS does not."""

from __future__ import annotations

import json
from typing import Any

from policies.checks import per_subject
from policies.demands import is_on, judged, switched_off
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.k3s_configuration import of_servers
from policies.registry import Rule
from policies.rules.cluster.control_plane import EKS_CLUSTERS
from policies.stack import Stack
from policies.subjects import Subject

ADDONS = ("aws:eks/addon:Addon",)
NETWORK_ADDON = "vpc-cni"

AUTO_MODE_SWITCH = "enable-network-policy-controller"
AUTO_MODE_CONFIG = ("kube-system", "amazon-vpc-cni")


def _enforced_on_eks(stack: Stack, cluster: Subject) -> Outcomes:
    if is_on(cluster.root.at("computeConfig", "enabled").value):
        maps = stack.near("kube-system", "", "ConfigMap")
        if not any_known(maps, _switches_auto_mode):
            yield Violation("", f"has no ConfigMap {'/'.join(AUTO_MODE_CONFIG)} with {AUTO_MODE_SWITCH} true")
    elif not any_known(stack.dependents(cluster, *ADDONS), _enforces):
        yield Violation("", f"has no add-on {NETWORK_ADDON} with enableNetworkPolicy true in its configurationValues")


def _switches_auto_mode(config: Subject) -> bool:
    if (config.namespace, config.name) != AUTO_MODE_CONFIG:
        return False
    return is_on(config.root.at("data", AUTO_MODE_SWITCH).value)


def _enforces(addon: Subject) -> bool:
    if addon.root.at("addonName").text() != NETWORK_ADDON:
        return False
    values = addon.root.at("configurationValues")
    return values.present and is_on(values.parsed(_object, "an object in JSON").get("enableNetworkPolicy"))


def _object(text: str) -> dict[str, Any]:
    document: Any = json.loads(text)
    return dict(document)


def _enforced_by_server(server: Field) -> Outcomes:
    yield from judged(server, [switched_off("disable-network-policy")])
    backend = server.at("flannel-backend")
    if backend.value == "none":
        yield Violation(backend.path, "must not be none: without it nobody connects pods and enforces policies")


RULES = (
    Rule(
        id="CLU-04",
        title="EKS enforces network policies",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="EKS accepts network policies and enforces none of them by default: every pod reaches every model "
        "and database, while all looks closed.",
        sources=("CIS EKS 4.3.1, 5.4.4", "CIS 5.3.1", "EKS user guide: Limit Pod traffic with network policies"),
        remediation="Set enableNetworkPolicy in the values of the vpc-cni add-on; in Auto Mode, the ConfigMap "
        "amazon-vpc-cni. Without it the API server accepts policies and nobody enforces them.",
        of_stack=per_subject(lambda stack: stack.of_type(*EKS_CLUSTERS), _enforced_on_eks),
    ),
    Rule(
        id="CLU-16",
        title="k3s enforces network policies",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="Network policies are then stored and never enforced: every pod reaches every model and database, "
        "while all looks closed.",
        sources=("CIS 5.3.1", "k3s documentation: Basic network options"),
        remediation="Leave disable-network-policy out and keep a flannel backend.",
        of_object=of_servers(_enforced_by_server),
    ),
)
