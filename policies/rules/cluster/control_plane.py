"""The control plane, on EKS and on k3s alike: what it encrypts and records, who reaches it, how old it is."""

from __future__ import annotations

from components.base.kubernetes_versions import SUPPORTED_VERSIONS
from policies.addresses import is_internet
from policies.checks import each, per_type, together
from policies.demands import Demand, is_off, is_set, judged, of_types, switched_on
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.k3s_configuration import API_SERVER, INSTALLATION, argument, of_servers, servers
from policies.registry import Rule
from policies.subjects import Subject

EKS_CLUSTERS = ("aws:eks/cluster:Cluster",)
EKS_NODE_GROUPS = ("aws:eks/nodeGroup:NodeGroup",)

AUDITED = ("audit", "authenticator")

LEAST_AUDIT = {"audit-log-maxage": 30, "audit-log-maxbackup": 10, "audit-log-maxsize": 100}
"""Days, files and MiB per file (CIS Kubernetes benchmark 1.2.17 to 1.2.19)."""
AUDIT_FILES = ("audit-log-path", "audit-policy-file")


def _eks_secrets(cluster: Subject) -> Outcomes:
    encryption = cluster.root.at("encryptionConfig")
    resources = encryption.at("resources")
    key = encryption.at("provider", "keyArn")
    if not any_known(resources.items(), lambda item: item.value == "secrets"):
        yield Violation(resources.path, "must contain secrets")
    if not is_set(key.value):
        yield Violation(key.path, "must name a key of the platform")


def _eks_audit(cluster: Subject) -> Outcomes:
    types = cluster.root.at("enabledClusterLogTypes")
    return each(AUDITED, lambda kind: _contains(types, kind))


def _contains(types: Field, kind: str) -> Outcomes:
    if not any_known(types.items(), lambda item: item.value == kind):
        yield Violation(types.path, f"must contain {kind}")


def _k3s_audit(installation: Subject) -> Outcomes:
    yield from each(servers(installation), _k3s_audit_log)
    rules = installation.root.at("auditPolicy", "rules")
    if not any_known(rules.items(), lambda rule: rule.at("level").text() not in {"", "None"}):
        yield Violation(rules.path, "must record something")


def _k3s_audit_log(server: Field) -> Outcomes:
    path = server.at(API_SERVER).path
    for name in AUDIT_FILES:
        if not argument(server, API_SERVER, name):
            yield Violation(path, f"must set {name}")
    for name, least in LEAST_AUDIT.items():
        value = argument(server, API_SERVER, name)
        if not value.isdecimal() or int(value) < least:
            yield Violation(path, f"must set {name} to {least} or more")


def _eks_endpoint(cluster: Subject) -> Outcomes:
    access = cluster.root.at("vpcConfig")
    yield from judged(access, [switched_on("endpointPrivateAccess")])
    public = access.at("endpointPublicAccess")
    # Public is the default of EKS, and so is the whole internet as its client.
    if is_off(public.value) and public.present:
        return
    cidrs = access.at("publicAccessCidrs")
    if not cidrs.items():
        yield Violation(public.path, "must be false, or publicAccessCidrs must name the clients")
    yield from each(cidrs.items(), _no_internet)


def _k3s_endpoint(installation: Subject) -> Outcomes:
    cidrs = installation.root.at("apiCidrs")
    if not cidrs.items():
        yield Violation(cidrs.path, "must name the networks that the hosts' firewall lets reach the API server")
    yield from each(cidrs.items(), _no_internet)


def _no_internet(cidr: Field) -> Outcomes:
    if is_internet(cidr):
        yield Violation(cidr.path, "must not be the internet")


def _is_supported(value: object) -> bool:
    return value in SUPPORTED_VERSIONS


def _supported(key: str) -> Demand:
    return Demand((key,), _is_supported, f"one of {', '.join(SUPPORTED_VERSIONS)}")


RULES = (
    Rule(
        id="CLU-01",
        title="Secrets are encrypted in the cluster's store",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="Whoever gets a disk or a snapshot of the cluster's store reads every Secret in it.",
        sources=("CIS EKS 5.3.1", "CIS 1.2.27", "NSA C-0066", "FSBP EKS.3", "CKV_AWS_58", "k3s CIS hardening guide"),
        remediation="EKS: encryptionConfig with resources [secrets] and a key. k3s: secrets-encryption: true.",
        of_object=together(per_type(_eks_secrets, *EKS_CLUSTERS), of_servers(switched_on("secrets-encryption").judge)),
    ),
    Rule(
        id="CLU-02",
        title="The API server writes an audit log",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="After a break-in nobody can tell who read which Secret, started which pod or changed which role.",
        sources=("CIS EKS 2.1.1", "CIS 1.2.16-19, 3.2.1", "NSA C-0067", "FSBP EKS.8", "CKV_AWS_37"),
        remediation="EKS: enabledClusterLogTypes with audit and authenticator. k3s: the audit arguments of the API "
        "server, and a policy that records something.",
        of_object=together(per_type(_eks_audit, *EKS_CLUSTERS), per_type(_k3s_audit, INSTALLATION)),
    ),
    Rule(
        id="CLU-03",
        title="The internet does not reach the API server",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="Everybody on the internet can try stolen credentials, and the next hole of the API server, on the "
        "cluster.",
        sources=("CIS EKS 5.4.1, 5.4.2", "FSBP EKS.1", "CKV_AWS_38", "CKV_AWS_39"),
        remediation="EKS: endpointPublicAccess false, or the clients in publicAccessCidrs. k3s: the clients in the "
        "firewall of the hosts.",
        of_object=together(per_type(_eks_endpoint, *EKS_CLUSTERS), per_type(_k3s_endpoint, INSTALLATION)),
    ),
    Rule(
        id="CLU-05",
        title="Kubernetes is a version that all parts support",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="An old version gets no more security fixes, and one that other parts of the platform do not "
        "support breaks them in an upgrade.",
        sources=("FSBP EKS.2", "KSC C-0273", "components/base/kubernetes_versions.py"),
        remediation=f"Set the version of cluster and nodes to {' or '.join(SUPPORTED_VERSIONS)}.",
        of_object=together(
            of_types((*EKS_CLUSTERS, *EKS_NODE_GROUPS), _supported("version")),
            of_types((INSTALLATION,), _supported("kubernetesVersion")),
        ),
    ),
    Rule(
        id="CLU-15",
        title="Who may do what on EKS stands in access entries alone",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="Whoever made the cluster, or may write the ConfigMap aws-auth, is administrator without standing "
        "in any list that somebody reviews.",
        sources=("EKS best practices: Cluster access management", "own"),
        remediation="Set accessConfig.authenticationMode API and bootstrapClusterCreatorAdminPermissions false: "
        "whoever made the cluster, or can write the aws-auth ConfigMap, would be administrator unseen.",
        of_object=of_types(
            EKS_CLUSTERS,
            Demand(("accessConfig", "authenticationMode"), lambda value: value == "API", "API"),
            Demand(("accessConfig", "bootstrapClusterCreatorAdminPermissions"), lambda value: value is False, "false"),
        ),
    ),
)
