"""Cases of the rules about one object."""

from __future__ import annotations

from typing import Any

from components.base.pod_standards import (
    ALLOWED_VOLUMES,
    APPARMOR_PROFILES,
    SAFE_SYSCTLS,
    SECCOMP_PROFILES,
    SELINUX_TYPES,
)
from tests.policies.cases import PRESENT, Case
from tests.policies.objects import config_map, container, deployment, namespace, pod_spec

SPEC = "spec.template.spec"
CONTAINER = f"{SPEC}.containers[0]"
SECURITY = f"{CONTAINER}.securityContext"


def _pod(rule: str, path: str, bad: Any, good: Any = PRESENT, *, absent_fails: bool, at: str | None = None) -> Case:
    return Case(rule=rule, resources=[deployment()], path=path, bad=bad, good=good, absent_fails=absent_fails, at=at)


def _volume(**source: Any) -> list[dict[str, Any]]:
    return [{"name": "data", **source}]


POD_CASES = [
    _pod("POD-01", f"{SECURITY}.privileged", True, False, absent_fails=False),
    _pod("POD-02", f"{SPEC}.hostPID", True, False, absent_fails=False),
    _pod("POD-02", f"{SPEC}.hostIPC", True, False, absent_fails=False),
    _pod("POD-03", f"{SPEC}.hostNetwork", True, False, absent_fails=False),
    _pod("POD-04", f"{SPEC}.volumes", _volume(hostPath={"path": "/data"}), _volume(emptyDir={}), absent_fails=False),
    _pod("POD-05", f"{CONTAINER}.ports[0].hostPort", 8000, 0, absent_fails=False),
    _pod("POD-06", f"{SECURITY}.capabilities.drop", ["NET_RAW"], absent_fails=True),
    _pod("POD-06", f"{SECURITY}.capabilities.add", ["SYS_ADMIN"], ["NET_BIND_SERVICE"], absent_fails=False),
    _pod("POD-07", f"{SECURITY}.allowPrivilegeEscalation", True, absent_fails=True),
    _pod("POD-08", f"{SPEC}.securityContext.runAsNonRoot", False, absent_fails=True),
    _pod("POD-08", f"{SECURITY}.runAsNonRoot", False, True, absent_fails=False),
    _pod("POD-08", f"{SPEC}.securityContext.runAsUser", 0, absent_fails=False),
    _pod("POD-08", f"{SECURITY}.runAsUser", 0, 1000, absent_fails=False),
    _pod("POD-09", f"{SPEC}.securityContext.seccompProfile.type", "Unconfined", absent_fails=True),
    _pod("POD-09", f"{SECURITY}.seccompProfile.type", "Unconfined", "Localhost", absent_fails=False),
    _pod("POD-10", f"{SPEC}.volumes", _volume(nfs={"server": "s"}), _volume(emptyDir={}), absent_fails=False),
    _pod("POD-20", f"{SPEC}.volumes", _volume(emptyDir={}), _volume(emptyDir={"sizeLimit": "1Gi"}), absent_fails=False),
    _pod("POD-20", f"{SPEC}.volumes", _volume(), _volume(configMap={"name": "c"}), absent_fails=False),
    _pod("POD-11", f"{SECURITY}.procMount", "Unmasked", "Default", absent_fails=False),
    _pod("POD-11", f"{SECURITY}.appArmorProfile", {"type": "Unconfined"}, {"type": "Localhost"}, absent_fails=False),
    _pod("POD-11", f"{SECURITY}.seLinuxOptions.type", "spc_t", "container_t", absent_fails=False),
    _pod("POD-11", f"{SECURITY}.seLinuxOptions.user", "system_u", "", absent_fails=False),
    _pod("POD-11", f"{SECURITY}.windowsOptions.hostProcess", True, False, absent_fails=False),
    _pod(
        "POD-11",
        f"{SPEC}.securityContext.sysctls",
        [{"name": "kernel.msgmax", "value": "1"}],
        [{"name": "net.ipv4.tcp_rmem", "value": "1"}],
        absent_fails=False,
    ),
    _pod(
        "POD-11",
        'spec.template.metadata.annotations["container.apparmor.security.beta.kubernetes.io/app"]',
        "unconfined",
        "runtime/default",
        absent_fails=False,
    ),
    _pod("POD-11", f"{CONTAINER}.livenessProbe.httpGet.host", "10.0.0.1", "", absent_fails=False),
    _pod("POD-11", f"{CONTAINER}.lifecycle.preStop.httpGet.host", "10.0.0.1", "", absent_fails=False),
    _pod("POD-12", f"{SECURITY}.readOnlyRootFilesystem", False, absent_fails=True),
    _pod("POD-13", f"{SPEC}.automountServiceAccountToken", True, absent_fails=True),
    _pod("POD-14", f"{SPEC}.serviceAccountName", "default", absent_fails=True),
    _pod("POD-15", f"{CONTAINER}.resources.requests.memory", "512Mi", absent_fails=True),
    _pod(
        "POD-15",
        f"{CONTAINER}.resources.limits.memory",
        "2Gi",
        absent_fails=True,
        at=f"{CONTAINER}.resources.requests.memory",
    ),
    _pod("POD-15", f"{CONTAINER}.resources.requests", {"memory": "1Gi"}, absent_fails=True),
    _pod(
        "POD-16",
        f"{CONTAINER}.readinessProbe",
        {"httpGet": {"path": "/live", "port": "http"}},
        absent_fails=True,
        at=f"{CONTAINER}.livenessProbe",
    ),
    _pod("POD-16", f"{CONTAINER}.livenessProbe.httpGet.port", "htpp", absent_fails=False),
    _pod("POD-17", f"{CONTAINER}.env", [{"name": "DB_PASSWORD", "value": "pw"}], absent_fails=False, good=[]),
    _pod("POD-17", f"{CONTAINER}.args", ["--api-key", "abc"], ["--api-key", "$(KEY)"], absent_fails=False),
    Case(rule="POD-17", resources=[config_map(note="x")], path="data.password", bad="pw", good="", absent_fails=False),
    _pod("SUP-01", f"{CONTAINER}.image", "docker.io/library/app:1.2", absent_fails=True),
    _pod("SUP-06", f"{CONTAINER}.image", "docker.io/library/app:latest", absent_fails=True),
    Case(
        rule="NS-01",
        resources=[namespace()],
        path='metadata.labels["pod-security.kubernetes.io/enforce"]',
        bad="privileged",
        absent_fails=True,
    ),
]


def _in(
    rule: str,
    spec: dict[str, Any],
    path: str,
    bad: Any,
    good: Any = PRESENT,
    *,
    absent_fails: bool,
    at: str | None = None,
) -> Case:
    """A case about a pod of another shape than most."""
    resources = [deployment(spec=spec)]
    return Case(rule=rule, resources=resources, path=path, bad=bad, good=good, absent_fails=absent_fails, at=at)


_INHERITED = f"{SPEC}.securityContext"
_NON_ROOT = {"capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "runAsUser": 1000}
_PROFILED = {"seccompProfile": {"type": "RuntimeDefault"}}

# What a container says for itself does not excuse what the pod says for all.
POD_CASES += [
    _in(
        "POD-08",
        pod_spec(containers=[container(securityContext=_NON_ROOT)]),
        f"{_INHERITED}.runAsNonRoot",
        False,
        absent_fails=False,
    ),
    _in(
        "POD-08",
        pod_spec(containers=[container(securityContext=_NON_ROOT)]),
        f"{_INHERITED}.runAsUser",
        0,
        absent_fails=False,
    ),
    _in(
        "POD-09",
        pod_spec(containers=[container(securityContext=_PROFILED)]),
        f"{_INHERITED}.seccompProfile.type",
        "Unconfined",
        absent_fails=False,
    ),
]

# Each value that the standards allow.
POD_CASES += [
    *(
        _pod("POD-09", f"{_INHERITED}.seccompProfile.type", "Unconfined", profile, absent_fails=True)
        for profile in SECCOMP_PROFILES
    ),
    *(
        _pod("POD-10", f"{SPEC}.volumes", _volume(nfs={"server": "s"}), _volume(**{source: {}}), absent_fails=False)
        for source in ALLOWED_VOLUMES
    ),
    *(
        _pod(
            "POD-11",
            f"{_INHERITED}.sysctls",
            [{"name": "kernel.msgmax", "value": "1"}],
            [{"name": name, "value": "1"}],
            absent_fails=False,
        )
        for name in sorted(SAFE_SYSCTLS)
    ),
    *(_pod("POD-11", f"{SECURITY}.seLinuxOptions.type", "spc_t", name, absent_fails=False) for name in SELINUX_TYPES),
    *(
        _pod("POD-11", f"{_INHERITED}.appArmorProfile.type", "Unconfined", profile, absent_fails=True)
        for profile in APPARMOR_PROFILES
    ),
    *(
        _pod("POD-11", f"{CONTAINER}.{place}.{handler}.host", "10.0.0.1", "", absent_fails=False)
        for place in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle.preStop", "lifecycle.postStart")
        for handler in ("httpGet", "tcpSocket")
    ),
    *(
        _pod(
            "POD-11",
            'spec.template.metadata.annotations["container.apparmor.security.beta.kubernetes.io/app"]',
            "unconfined",
            profile,
            absent_fails=False,
        )
        for profile in ("", "localhost/profile")
    ),
    _pod("POD-11", f"{SECURITY}.seLinuxOptions.role", "system_r", "", absent_fails=False),
    _pod("POD-11", f"{SECURITY}.procMount", "Unmasked", "", absent_fails=False),
    _pod("POD-14", f"{SPEC}.serviceAccountName", "", absent_fails=True),
]

# Probes: each kind of handler names a port that the container declares, by number or by name.
POD_CASES += [
    *(
        _pod(
            "POD-16", f"{CONTAINER}.startupProbe", {handler: {"port": 9}}, {handler: {"port": port}}, absent_fails=False
        )
        for handler in ("httpGet", "tcpSocket", "grpc")
        for port in (8000, "http")
    ),
    _in(
        "POD-16",
        pod_spec(containers=[container(livenessProbe=None)]),
        f"{CONTAINER}.startupProbe",
        {"httpGet": {"port": 9}},
        {"httpGet": {"port": 8000}},
        absent_fails=True,
    ),
]

# A debugging container has no resources, no probes and may write to its own root.
_DEBUGGING = {
    "name": "debug",
    "image": "docker.io/library/app:1.2.3",
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}
POD_CASES += [
    _in(rule, pod_spec(ephemeralContainers=[_DEBUGGING]), path, bad, absent_fails=absent_fails)
    for rule, path, bad, absent_fails in (
        ("POD-12", f"{SECURITY}.readOnlyRootFilesystem", False, True),
        ("POD-15", f"{CONTAINER}.resources.requests.memory", "512Mi", True),
    )
]
POD_CASES += [
    # A pod that ends by itself needs no probes; one that is restarted for ever does.
    _in(
        "POD-16",
        pod_spec(containers=[container(readinessProbe=None)]),
        f"{SPEC}.restartPolicy",
        "Always",
        policy,
        absent_fails=True,
        at=f"{CONTAINER}.readinessProbe",
    )
    for policy in ("Never", "OnFailure")
]
