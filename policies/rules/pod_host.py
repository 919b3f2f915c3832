"""What a pod may take from its node: nothing. Pod Security Standards, profiles baseline and restricted."""

from __future__ import annotations

from policies.checks import each, per_container, per_pod
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import Container, Pod
from policies.registry import Rule

ALLOWED_VOLUMES = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
"""Source: k8s.io/pod-security-admission, check restrictedVolumes."""

RUNTIME_SOCKETS = ("docker.sock", "containerd.sock", "crio.sock", "cri-dockerd.sock")
NEVER_WRITABLE = ("/", "/etc", "/var/lib/kubelet")
"""Whoever writes here owns the node, so no exception covers it."""


def _not_privileged(container: Container) -> Outcomes:
    privileged = container.security.at("privileged")
    if privileged.value not in (None, False):
        yield Violation(privileged.path, "a container must not be privileged", container.name)


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
            yield Violation(number.path, "a container must not open a port of the node", container.name)

    yield from each(container.field.at("ports").items(), check)


def _safe_volume_types(pod: Pod) -> Outcomes:
    def check(volume: Field) -> Outcomes:
        sources = [key for key, source in volume.entries() if key != "name" and source.mentioned]
        # A volume without a source is an emptyDir once the API server has filled in its defaults.
        if sources and not any(source in ALLOWED_VOLUMES for source in sources):
            yield Violation(volume.path, f"a volume must be one of {', '.join(ALLOWED_VOLUMES)}")

    yield from each(pod.spec.at("volumes").items(), check)


RULES = (
    Rule(
        id="POD-01",
        title="No privileged container",
        severity=Severity.CRITICAL,
        level=Level.OWN_MANDATORY,
        sources=("PSS baseline: privileged", "NSA C-0057", "CIS 5.2.2", "CKV_K8S_16"),
        remediation="Leave securityContext.privileged out; ask for a single capability or a device plug-in instead.",
        of_object=per_container(_not_privileged),
    ),
    Rule(
        id="POD-02",
        title="No process or IPC namespace of the node",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        sources=("PSS baseline: hostNamespaces", "NSA C-0038", "CIS 5.2.3", "CIS 5.2.4", "CKV_K8S_17", "CKV_K8S_18"),
        remediation="Leave hostPID and hostIPC out; give vLLM an emptyDir of medium Memory at /dev/shm.",
        of_object=per_pod(_no_host_processes),
    ),
    Rule(
        id="POD-03",
        title="No network of the node",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        sources=("PSS baseline: hostNamespaces", "NSA C-0041", "CIS 5.2.5", "CKV_K8S_19"),
        remediation="Leave hostNetwork out: network policies do not hold for such pods. Use a Service.",
        of_object=per_pod(_no_host_network),
    ),
    Rule(
        id="POD-04",
        title="No path of the node",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        sources=("PSS baseline: hostPathVolumes", "CIS 5.2.12", "KSC C-0048", "CKV_K8S_27"),
        remediation="Use a PersistentVolumeClaim of a local storage class instead of hostPath.",
        of_object=per_pod(_no_host_path),
    ),
    Rule(
        id="POD-05",
        title="No port of the node",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        sources=("PSS baseline: hostPorts", "NSA C-0044", "CIS 5.2.13", "CKV_K8S_26"),
        remediation="Leave hostPort out and address the pod through a Service.",
        of_object=per_container(_no_host_port),
    ),
    Rule(
        id="POD-10",
        title="Only volume types that cannot reach the node",
        severity=Severity.MEDIUM,
        level=Level.OWN_MANDATORY,
        sources=("PSS restricted: restrictedVolumes", "KSV-0028"),
        remediation=f"Use one of {', '.join(ALLOWED_VOLUMES)}.",
        of_object=per_pod(_safe_volume_types),
    ),
)
