"""What a pod may take from its node: nothing. Pod Security Standards, profiles baseline and restricted."""

from __future__ import annotations

from components.base.pod_standards import ALLOWED_VOLUMES
from policies.checks import each, per_container, per_pod
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import Container, Pod
from policies.registry import Rule

RUNTIME_SOCKETS = ("docker.sock", "containerd.sock", "crio.sock", "cri-dockerd.sock")
NEVER_WRITABLE = ("/", "/etc", "/var/lib/kubelet")
"""Whoever writes here owns the node, so no exception covers it."""


def _not_privileged(container: Container) -> Outcomes:
    privileged = container.security.at("privileged")
    if privileged.value not in (None, False):
        yield Violation(privileged.path, "a container must not be privileged")


def _no_host_processes(pod: Pod) -> Outcomes:
    yield from each(
        [pod.spec.at("hostPID"), pod.spec.at("hostIPC")],
        lambda flag: _unset(flag, "a pod must not share the node's process or IPC namespace"),
    )


def _no_host_network(pod: Pod) -> Outcomes:
    yield from _unset(pod.spec.at("hostNetwork"), "a pod must not share the node's network")


def _unset(flag: Field, message: str) -> Outcomes:
    if flag.value not in (None, False):
        yield Violation(flag.path, message)


def _no_host_path(pod: Pod) -> Outcomes:
    def check(volume: Field) -> Outcomes:
        source = volume.at("hostPath")
        if source.present:
            exemptable = not _never_exempt(pod, volume)
            yield Violation(source.path, "a pod must not mount a path of the node", exemptable=exemptable)

    yield from each(pod.spec.at("volumes").items(), check)


def _never_exempt(pod: Pod, volume: Field) -> bool:
    path, name = volume.at("hostPath", "path"), volume.at("name")
    if path.unknown or name.unknown:
        return True
    place = path.text().rstrip("/") or "/"
    if place.endswith(RUNTIME_SOCKETS):
        return True
    mounts = [mount for container in pod.containers for mount in container.field.at("volumeMounts").items()]
    return place in NEVER_WRITABLE and any(_may_write(mount, name.text()) for mount in mounts)


def _may_write(mount: Field, volume_name: str) -> bool:
    name, read_only = mount.at("name"), mount.at("readOnly")
    if name.unknown or name.text() == volume_name:
        return read_only.unknown or read_only.value is not True
    return False


def _no_host_port(container: Container) -> Outcomes:
    def check(port: Field) -> Outcomes:
        number = port.at("hostPort")
        if number.value not in (None, 0):
            yield Violation(number.path, "a container must not open a port of the node")

    yield from each(container.field.at("ports").items(), check)


def _safe_volume_types(pod: Pod) -> Outcomes:
    def check(volume: Field) -> Outcomes:
        sources = [key for key, source in volume.entries() if key != "name" and source.mentioned]
        # A volume without a source is an emptyDir once the API server has filled in its defaults.
        if sources and not any(source in ALLOWED_VOLUMES for source in sources):
            yield Violation(volume.path, f"a volume must be one of {', '.join(ALLOWED_VOLUMES)}")

    yield from each(pod.spec.at("volumes").items(), check)


def _limited_scratch_space(pod: Pod) -> Outcomes:
    def check(volume: Field) -> Outcomes:
        limit = volume.at("emptyDir", "sizeLimit")
        others = [key for key, source in volume.entries() if key not in {"name", "emptyDir"} and source.mentioned]
        # A volume without a source is an emptyDir as well.
        if not others and not limit.present:
            yield Violation(limit.path, "must be set: the pod would fill the node's disk, and others be evicted for it")

    yield from each(pod.spec.at("volumes").items(), check)


RULES = (
    Rule(
        id="POD-01",
        title="No privileged container",
        severity=Severity.CRITICAL,
        level=Level.OWN_MANDATORY,
        why="A process in a privileged container can mount the node's disk and load kernel modules: one break- "
        "in is root on the node and over every pod there.",
        sources=("PSS baseline: privileged", "NSA C-0057", "CIS 5.2.2", "CKV_K8S_16"),
        remediation="Leave securityContext.privileged out; ask for a single capability or a device plug-in instead.",
        of_object=per_container(_not_privileged),
    ),
    Rule(
        id="POD-02",
        title="No process or IPC namespace of the node",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="In the node's process or IPC namespace a container sees and signals the processes of other pods, "
        "and reads their memory segments.",
        sources=("PSS baseline: hostNamespaces", "NSA C-0038", "CIS 5.2.3", "CIS 5.2.4", "CKV_K8S_17", "CKV_K8S_18"),
        remediation="Leave hostPID and hostIPC out; give vLLM an emptyDir of medium Memory at /dev/shm.",
        of_object=per_pod(_no_host_processes),
    ),
    Rule(
        id="POD-03",
        title="No network of the node",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="A pod in the node's network is bound by no network policy, and reaches what listens on the node's "
        "own loopback address.",
        sources=("PSS baseline: hostNamespaces", "NSA C-0041", "CIS 5.2.5", "CKV_K8S_19"),
        remediation="Leave hostNetwork out: network policies do not hold for such pods. Use a Service.",
        of_object=per_pod(_no_host_network),
    ),
    Rule(
        id="POD-04",
        title="No path of the node",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="Through a path of the node a pod reads the data and tokens of other pods, or writes files that the "
        "node runs as root.",
        sources=("PSS baseline: hostPathVolumes", "CIS 5.2.12", "KSC C-0048", "CKV_K8S_27"),
        remediation="Use a PersistentVolumeClaim of a local storage class instead of hostPath.",
        of_object=per_pod(_no_host_path),
    ),
    Rule(
        id="POD-05",
        title="No port of the node",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="A port of the node is open to whoever reaches the node, past every Service, and a second pod that "
        "wants the same port cannot start there.",
        sources=("PSS baseline: hostPorts", "NSA C-0044", "CIS 5.2.13", "CKV_K8S_26"),
        remediation="Leave hostPort out and address the pod through a Service.",
        of_object=per_container(_no_host_port),
    ),
    Rule(
        id="POD-10",
        title="Only volume types that cannot reach the node",
        severity=Severity.MEDIUM,
        level=Level.OWN_MANDATORY,
        why="A volume of another type, such as hostPath, nfs or iscsi, brings the node's files or a foreign "
        "server's storage into the pod, past storage classes and quotas.",
        sources=("PSS restricted: restrictedVolumes", "KSV-0028"),
        remediation=f"Use one of {', '.join(ALLOWED_VOLUMES)}.",
        of_object=per_pod(_safe_volume_types),
    ),
    Rule(
        id="POD-20",
        title="Scratch space is limited",
        severity=Severity.MEDIUM,
        level=Level.OWN_MANDATORY,
        why="One pod that writes without end fills the node's disk, and the kubelet evicts other pods for it.",
        sources=("kube-score container-ephemeral-storage-request-and-limit", "own"),
        remediation="Give every emptyDir a sizeLimit; with a read-only root (POD-12) nothing else of the pod can grow.",
        of_object=per_pod(_limited_scratch_space),
    ),
)
