"""k3s on its servers, by its CIS hardening guide. On EKS, AWS answers for the control plane."""

from __future__ import annotations

from policies.checks import per_type, together
from policies.demands import Demand, is_set, judged, switched_off
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.k3s_configuration import API_SERVER, CONTROLLER_MANAGER, INSTALLATION, argument, of_servers
from policies.registry import Rule
from policies.subjects import Subject

NODE_RESTRICTION = "NodeRestriction"
POD_SECURITY = "PodSecurity"
POD_SECURITY_LEVELS = ("baseline", "restricted")
OWNER_ONLY = (None, "600", "0600")
"""k3s writes its kubeconfig with 600 where nothing is said."""


def _node_restriction(server: Field) -> Outcomes:
    path = server.at(API_SERVER).path
    if NODE_RESTRICTION not in argument(server, API_SERVER, "enable-admission-plugins").split(","):
        yield Violation(path, f"must set enable-admission-plugins with {NODE_RESTRICTION}")
    yield from _not_disabled(server, NODE_RESTRICTION)


def _not_disabled(server: Field, plugin: str) -> Outcomes:
    """The API server knows both lists; what is disabled is off, enabled or not."""
    if plugin in argument(server, API_SERVER, "disable-admission-plugins"):
        yield Violation(server.at(API_SERVER).path, f"must not name {plugin} in disable-admission-plugins")


def _short_tokens(server: Field) -> Outcomes:
    if argument(server, API_SERVER, "service-account-extend-token-expiration") != "false":
        yield Violation(server.at(API_SERVER).path, "must set service-account-extend-token-expiration to false")


def _admission_file(server: Field) -> Outcomes:
    if not argument(server, API_SERVER, "admission-control-config-file"):
        yield Violation(server.at(API_SERVER).path, "must set admission-control-config-file")
    yield from _not_disabled(server, POD_SECURITY)


def _pod_security(installation: Subject) -> Outcomes:
    plugins = installation.root.at("admissionConfiguration", "plugins")
    if not any_known(plugins.items(), _enforces_pod_security):
        levels = " or ".join(POD_SECURITY_LEVELS)
        yield Violation(plugins.path, f"must hold {POD_SECURITY} with {levels} as the default to enforce")


def _enforces_pod_security(plugin: Field) -> bool:
    if plugin.at("name").text() != POD_SECURITY:
        return False
    return plugin.at("configuration", "defaults", "enforce").value in POD_SECURITY_LEVELS


def _owner_only(server: Field) -> Outcomes:
    return judged(server, [Demand(("write-kubeconfig-mode",), lambda mode: mode in OWNER_ONLY, "600 or left out")])


def _tidies_up(server: Field) -> Outcomes:
    if not argument(server, CONTROLLER_MANAGER, "terminated-pod-gc-threshold"):
        yield Violation(server.at(CONTROLLER_MANAGER).path, "must set terminated-pod-gc-threshold")


def _saved(server: Field) -> Outcomes:
    schedule = Demand(("etcd-snapshot-schedule-cron",), is_set, "when etcd is saved")
    return judged(server, [switched_off("etcd-disable-snapshots"), schedule])


RULES = (
    Rule(
        id="CLU-09",
        title="k3s: a node changes no other node, and tokens of pods expire",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A node that was taken over changes the labels and pods of all others, and a stolen token of a pod "
        "stays good for a year.",
        sources=("k3s CIS hardening guide", "CIS 1.2.14"),
        remediation="Set enable-admission-plugins=NodeRestriction and service-account-extend-token-expiration=false in "
        "kube-apiserver-arg.",
        of_object=together(of_servers(_node_restriction), of_servers(_short_tokens)),
    ),
    Rule(
        id="CLU-19",
        title="Pod Security holds where a namespace says nothing",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A namespace that somebody makes by hand, without labels, accepts privileged pods, and through them "
        "the node is taken over.",
        sources=("k3s CIS hardening guide", "CIS 5.2.1"),
        remediation="Hand the API server an AdmissionConfiguration whose PodSecurity defaults enforce a level.",
        of_object=together(of_servers(_admission_file), per_type(_pod_security, INSTALLATION)),
    ),
    Rule(
        id="CLU-20",
        title="The kubeconfig on a server is root's alone",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Every user and program on the server that can read the file is administrator of the cluster.",
        sources=("k3s CIS hardening guide", "CIS 1.1.13"),
        remediation='Set write-kubeconfig-mode: "0600".',
        of_object=of_servers(_owner_only),
    ),
    Rule(
        id="CLU-21",
        title="Pods that ended are removed",
        severity=Severity.LOW,
        level=Level.ADVISORY,
        why="Ended pods stay by the thousand (12,500 by default), fill the cluster's store and slow every list "
        "of pods down.",
        sources=("k3s CIS hardening guide", "CIS 1.3.1"),
        remediation="Set terminated-pod-gc-threshold in kube-controller-manager-arg.",
        of_object=of_servers(_tidies_up),
    ),
    Rule(
        id="REL-21",
        title="The cluster's own store is saved on a schedule",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="When the server's disk fails, every object and Secret of the cluster is gone, and it must be built "
        "anew from nothing.",
        sources=("k3s documentation: etcd-snapshot", "own"),
        remediation="Set etcd-snapshot-schedule-cron and leave etcd-disable-snapshots out.",
        of_object=of_servers(_saved),
    ),
)
