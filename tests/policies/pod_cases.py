"""Cases of the rules about one object."""

from __future__ import annotations

from typing import Any

from tests.policies.cases import PRESENT, Case
from tests.policies.objects import config_map, deployment, gpu_deployment, namespace

SPEC = "spec.template.spec"
CONTAINER = f"{SPEC}.containers[0]"
SECURITY = f"{CONTAINER}.securityContext"
GPU = "nvidia.com/gpu"


def _pod(rule: str, path: str, bad: Any, good: Any = PRESENT, *, absent_fails: bool) -> Case:
    return Case(rule=rule, resources=[deployment()], path=path, bad=bad, good=good, absent_fails=absent_fails)


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
    _pod("POD-15", f"{CONTAINER}.resources.limits.memory", "2Gi", absent_fails=True),
    _pod("POD-15", f"{CONTAINER}.resources.requests", {"memory": "1Gi"}, absent_fails=True),
    _pod("POD-16", f"{CONTAINER}.readinessProbe", {"httpGet": {"path": "/live", "port": "http"}}, absent_fails=True),
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
    *(
        Case(rule="AI-04", resources=[gpu_deployment()], path=path, bad=bad, absent_fails=absent_fails)
        for path, bad, absent_fails in (
            (f'{CONTAINER}.resources.limits["{GPU}"]', "0.5", True),
            (f'{CONTAINER}.resources.requests["{GPU}"]', "2", False),
            (f"{SPEC}.tolerations", [{"key": "other", "operator": "Exists"}], True),
            (f"{SPEC}.nodeSelector", {"kubernetes.io/os": "linux"}, True),
        )
    ),
]
