"""Pod Security Standards, profile restricted, at the workload: the API server's own check waits for the pod."""

from __future__ import annotations

from components.base.admission.pod_templates import each_container, each_pod, each_volume
from components.base.admission.policy import Check, text_list
from components.base.pod_standards import (
    ALLOWED_VOLUMES,
    APPARMOR_ANNOTATION,
    APPARMOR_PROFILES,
    SAFE_SYSCTLS,
    SECCOMP_PROFILES,
    SELINUX_TYPES,
)

_SECURITY = "container.?securityContext"
_POD_SECURITY = "pod.spec.?securityContext"

_HOST = (
    each_container("POD-01", "a container must not be privileged", f"!{_SECURITY}.?privileged.orValue(false)"),
    each_pod(
        "POD-02",
        "a pod must not share the node's process or IPC namespace",
        "!pod.spec.?hostPID.orValue(false) && !pod.spec.?hostIPC.orValue(false)",
    ),
    each_pod("POD-03", "a pod must not share the node's network", "!pod.spec.?hostNetwork.orValue(false)"),
    each_volume("POD-04", "a pod must not mount a path of the node", "!has(volume.hostPath)"),
    each_container(
        "POD-05",
        "a container must not open a port of the node",
        "container.?ports.orValue([]).all(port, port.?hostPort.orValue(0) == 0)",
    ),
    each_volume(
        "POD-10",
        f"a volume must be one of {', '.join(ALLOWED_VOLUMES)}",
        f"volume.all(key, key == 'name') || volume.exists(key, key in {text_list(ALLOWED_VOLUMES)})",
    ),
)

_PRIVILEGES = (
    each_container(
        "POD-06", "a container must drop ALL capabilities", f"'ALL' in {_SECURITY}.?capabilities.?drop.orValue([])"
    ),
    each_container(
        "POD-06",
        "a container must add no capability but NET_BIND_SERVICE",
        f"{_SECURITY}.?capabilities.?add.orValue([]).all(name, name == 'NET_BIND_SERVICE')",
    ),
    each_container(
        "POD-07",
        "allowPrivilegeEscalation must be false: the default lets setuid programs gain root",
        f"!{_SECURITY}.?allowPrivilegeEscalation.orValue(true)",
    ),
    each_pod(
        "POD-08",
        "runAsNonRoot of the pod must be true, and its user not root",
        f"{_POD_SECURITY}.?runAsNonRoot.orValue(true) && {_POD_SECURITY}.?runAsUser.orValue(1) != 0",
    ),
    each_container(
        "POD-08",
        "runAsNonRoot must be true, in the container or its pod, and the user not root",
        f"{_SECURITY}.?runAsNonRoot.or({_POD_SECURITY}.?runAsNonRoot).orValue(false) && "
        f"{_SECURITY}.?runAsUser.orValue(1) != 0",
    ),
    each_pod(
        "POD-09",
        f"the pod's seccomp profile must be one of {', '.join(SECCOMP_PROFILES)}",
        f"{_POD_SECURITY}.?seccompProfile.?type.orValue('RuntimeDefault') in {text_list(SECCOMP_PROFILES)}",
    ),
    each_container(
        "POD-09",
        f"the seccomp profile must be one of {', '.join(SECCOMP_PROFILES)}, in the container or its pod",
        f"{_SECURITY}.?seccompProfile.?type.or({_POD_SECURITY}.?seccompProfile.?type).orValue('') in "
        f"{text_list(SECCOMP_PROFILES)}",
    ),
)


def _safe_context(security: str) -> str:
    return (
        f"(!{security}.?appArmorProfile.hasValue() || "
        f"{security}.?appArmorProfile.?type.orValue('') in {text_list(APPARMOR_PROFILES)}) && "
        f"{security}.?seLinuxOptions.?type.orValue('') in {text_list(SELINUX_TYPES)} && "
        f"{security}.?seLinuxOptions.?user.orValue('') == '' && "
        f"{security}.?seLinuxOptions.?role.orValue('') == '' && "
        f"!{security}.?windowsOptions.?hostProcess.orValue(false)"
    )


_HANDLERS = ", ".join(
    f"?container.?{place}.?{handler}"
    for place in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle.?postStart", "lifecycle.?preStop")
    for handler in ("httpGet", "tcpSocket")
)

_CONFINEMENT = (
    each_pod(
        "POD-11",
        "AppArmor, SELinux and hostProcess of the pod must stay at safe values",
        _safe_context(_POD_SECURITY),
    ),
    each_container(
        "POD-11",
        "AppArmor, SELinux, hostProcess and procMount must stay at safe values",
        f"{_safe_context(_SECURITY)} && {_SECURITY}.?procMount.orValue('Default') in ['', 'Default']",
    ),
    each_pod(
        "POD-11",
        "kernel settings must be those that Kubernetes counts as safe",
        f"{_POD_SECURITY}.?sysctls.orValue([]).all(setting, setting.name in {text_list(SAFE_SYSCTLS)})",
    ),
    each_pod(
        "POD-11",
        "the AppArmor annotation must be runtime/default or localhost/<profile>",
        f"pod.metadata.?annotations.orValue({{}}).all(key, !key.startsWith('{APPARMOR_ANNOTATION}') || "
        "pod.metadata.annotations[key].matches('^(runtime/default|localhost/.*|)$'))",
    ),
    each_container(
        "POD-11",
        "probes and hooks must name no host: the kubelet would call it from the node",
        f"[{_HANDLERS}].all(handler, handler.?host.orValue('') == '')",
    ),
)

POD_STANDARD_CHECKS: tuple[Check, ...] = (*_HOST, *_PRIVILEGES, *_CONFINEMENT)
