"""What the processes of a pod may do. Pod Security Standards, profile restricted, plus a read-only root."""

from __future__ import annotations

from components.base.pod_standards import SECCOMP_PROFILES
from policies.checks import each, per_container, per_pod, together
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import Container, Pod
from policies.registry import Rule


def _capabilities(container: Container) -> Outcomes:
    capabilities = container.security.at("capabilities")
    dropped = capabilities.at("drop")
    if not any_known(dropped.items(), lambda name: name.text() == "ALL"):
        yield Violation(dropped.path, "must drop ALL capabilities")

    def check(added: Field) -> Outcomes:
        if added.text() != "NET_BIND_SERVICE":
            yield Violation(added.path, "must add no capability but NET_BIND_SERVICE")

    yield from each(capabilities.at("add").items(), check)


def _no_escalation(container: Container) -> Outcomes:
    escalation = container.security.at("allowPrivilegeEscalation")
    if escalation.value is not False:
        yield Violation(escalation.path, "must be false: the default lets setuid programs gain root")


def _pod_runs_as_non_root(pod: Pod) -> Outcomes:
    security = pod.spec.at("securityContext")
    if security.at("runAsNonRoot").value not in (None, True):
        yield Violation(security.at("runAsNonRoot").path, "must be true")
    if security.at("runAsUser").value == 0:
        yield Violation(security.at("runAsUser").path, "must not be the root user")


def _container_runs_as_non_root(container: Container) -> Outcomes:
    own = container.security.at("runAsNonRoot")
    inherited = container.pod.spec.at("securityContext", "runAsNonRoot")
    if (inherited if own.value is None else own).value is not True:
        yield Violation(own.path, "must be true here or in the pod's security context")
    user = container.security.at("runAsUser")
    if user.value == 0:
        yield Violation(user.path, "must not be the root user")


def _pod_seccomp(pod: Pod) -> Outcomes:
    profile = pod.spec.at("securityContext", "seccompProfile", "type")
    if profile.value is not None and profile.text() not in SECCOMP_PROFILES:
        yield Violation(profile.path, f"must be one of {', '.join(SECCOMP_PROFILES)}")


def _container_seccomp(container: Container) -> Outcomes:
    own = container.security.at("seccompProfile", "type")
    inherited = container.pod.spec.at("securityContext", "seccompProfile", "type")
    if (inherited if own.value is None else own).text() not in SECCOMP_PROFILES:
        profiles = ", ".join(SECCOMP_PROFILES)
        yield Violation(own.path, f"must be one of {profiles}, here or in the pod's security context")


def _read_only_root(container: Container) -> Outcomes:
    read_only = container.security.at("readOnlyRootFilesystem")
    if read_only.value is not True:
        yield Violation(read_only.path, "must be true, with an emptyDir where the program writes")


def _not_ephemeral(container: Container) -> bool:
    return container.role != "ephemeralContainers"


RULES = (
    Rule(
        id="POD-06",
        title="All capabilities dropped",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="With the capabilities that containers get by default, whoever breaks in can forge network packets, "
        "change the owner of files and become another user.",
        sources=("PSS restricted: capabilities_restricted", "NSA C-0046", "CIS 5.2.8", "CKV_K8S_37"),
        remediation="Set securityContext.capabilities.drop to [ALL] in every container.",
        of_object=per_container(_capabilities),
    ),
    Rule(
        id="POD-07",
        title="No privilege escalation",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="A setuid program in the image turns a break-in as an ordinary user into root.",
        sources=("PSS restricted: allowPrivilegeEscalation", "NSA C-0016", "CIS 5.2.6", "CKV_K8S_20"),
        remediation="Set securityContext.allowPrivilegeEscalation to false in every container.",
        of_object=per_container(_no_escalation),
    ),
    Rule(
        id="POD-08",
        title="No root user",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="Root in the container is root on the node as soon as a hole in the kernel or in the container "
        "runtime lets it out.",
        sources=("PSS restricted: runAsNonRoot, runAsUser", "NSA C-0013", "CIS 5.2.7", "CKV_K8S_23"),
        remediation="Set runAsNonRoot to true and runAsUser to the numeric user of the image.",
        of_object=together(per_pod(_pod_runs_as_non_root), per_container(_container_runs_as_non_root)),
    ),
    Rule(
        id="POD-09",
        title="System calls are filtered",
        severity=Severity.MEDIUM,
        level=Level.OWN_MANDATORY,
        why="Without a filter a container may make every system call, and holes in the rarely used ones lead "
        "into the node's kernel.",
        sources=("PSS restricted: seccompProfile_restricted", "NSA C-0055", "CIS 5.7.2", "CKV_K8S_31"),
        remediation="Set the pod's securityContext.seccompProfile.type to RuntimeDefault.",
        of_object=together(per_pod(_pod_seccomp), per_container(_container_seccomp)),
    ),
    Rule(
        id="POD-12",
        title="The root file system is read-only",
        severity=Severity.MEDIUM,
        level=Level.OWN_MANDATORY,
        why="Whoever breaks in can replace the program and leave tools beside it, and the container goes on "
        "running what they wrote.",
        sources=("NSA C-0017", "kube-linter no-read-only-root-fs", "CKV_K8S_22", "KSV-0014"),
        remediation="Set readOnlyRootFilesystem to true and mount an emptyDir where the program writes.",
        of_object=per_container(_read_only_root, where=_not_ephemeral),
    ),
)
