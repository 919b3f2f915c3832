"""The less known ways out of a pod: AppArmor, SELinux, /proc, kernel settings, Windows hosts, probes of other hosts."""

from __future__ import annotations

from components.base.pod_standards import APPARMOR_ANNOTATION, APPARMOR_PROFILES, SAFE_SYSCTLS, SELINUX_TYPES
from policies.checks import each, per_container, per_pod, together
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import Container, Pod
from policies.registry import Rule

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HOOKS = ("postStart", "preStop")
HANDLERS = ("httpGet", "tcpSocket")


def _security_context(security: Field) -> Outcomes:
    apparmor = security.at("appArmorProfile", "type")
    if security.at("appArmorProfile").present and apparmor.text() not in APPARMOR_PROFILES:
        yield Violation(apparmor.path, f"must be one of {', '.join(APPARMOR_PROFILES)}")
    selinux = security.at("seLinuxOptions")
    if selinux.at("type").text() not in SELINUX_TYPES:
        yield Violation(selinux.at("type").path, "must be a container type")
    for key in ("user", "role"):
        if selinux.at(key).text():
            yield Violation(selinux.at(key).path, "must not be set")
    windows = security.at("windowsOptions", "hostProcess")
    if windows.value not in (None, False):
        yield Violation(windows.path, "must not be true")


def _pod(pod: Pod) -> Outcomes:
    security = pod.spec.at("securityContext")
    yield from each([security], _security_context)
    yield from each(security.at("sysctls").items(), _sysctl)
    yield from each([pod.field.at("metadata", "annotations")], _annotations)


def _sysctl(setting: Field) -> Outcomes:
    name = setting.at("name")
    if name.text() not in SAFE_SYSCTLS:
        yield Violation(name.path, "must be a kernel setting that Kubernetes counts as safe")


def _annotations(annotations: Field) -> Outcomes:
    for key, profile in annotations.entries():
        if key.startswith(APPARMOR_ANNOTATION) and not _is_safe_profile(profile.text()):
            yield Violation(profile.path, "must be runtime/default or localhost/<profile>")


def _is_safe_profile(profile: str) -> bool:
    return profile in {"", "runtime/default"} or profile.startswith("localhost/")


def _container(container: Container) -> Outcomes:
    yield from each([container.security], _security_context)
    yield from each([container.security.at("procMount")], _proc_mount)
    handlers = [container.field.at(probe, handler) for probe in PROBES for handler in HANDLERS]
    handlers += [container.field.at("lifecycle", hook, handler) for hook in HOOKS for handler in HANDLERS]
    yield from each(handlers, _no_other_host)


def _proc_mount(mount: Field) -> Outcomes:
    if mount.text() not in {"", "Default"}:
        yield Violation(mount.path, "must be Default: /proc stays masked")


def _no_other_host(handler: Field) -> Outcomes:
    host = handler.at("host")
    if host.text():
        yield Violation(host.path, "must not be set: the kubelet would call that host from the node")


RULES = (
    Rule(
        id="POD-11",
        title="Confinement is not loosened",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="One loosened setting, such as an unconfined AppArmor profile or an unmasked /proc, opens the way "
        "to the node that all the other settings close.",
        sources=(
            "PSS baseline: appArmorProfile, seLinuxOptions, sysctls, windowsHostProcess, hostProbesAndHostLifecycle",
            "PSS restricted: procMount",
            "CIS 5.2.11",
            "KSV-0002",
            "KSV-0027",
        ),
        remediation="Leave AppArmor, SELinux, procMount, sysctls, hostProcess and probe hosts at their defaults.",
        of_object=together(per_pod(_pod), per_container(_container)),
    ),
)
