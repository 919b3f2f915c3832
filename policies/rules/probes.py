"""Whether Kubernetes can tell that a container works."""

from __future__ import annotations

from policies.checks import per_container
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import Container
from policies.registry import Rule

PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
HANDLERS = ("httpGet", "tcpSocket", "grpc")


def _probed(container: Container) -> Outcomes:
    readiness, liveness, startup = (container.field.at(probe) for probe in PROBES)
    if not readiness.present:
        yield Violation(readiness.path, "must be set: traffic arrives before the program can answer")
    if not any_known([liveness, startup], lambda probe: probe.present):
        yield Violation(liveness.path, "set livenessProbe or startupProbe: a hung program is not restarted")
    if readiness.present and liveness.present and readiness.plain() == liveness.plain():
        message = "must differ from readinessProbe: overload would restart every replica at once"
        yield Violation(liveness.path, message)


def _probe_ports(container: Container) -> Outcomes:
    declared = container.field.at("ports").items()
    for probe in PROBES:
        for handler in HANDLERS:
            port = container.field.at(probe, handler, "port")
            if port.present and not any_known(declared, lambda entry, port=port: _is_port(entry, port)):
                yield Violation(port.path, "must be a port that the container declares")


def _is_port(declared: Field, wanted: Field) -> bool:
    name = declared.at("name").value
    return wanted.value == declared.at("containerPort").value or (name is not None and wanted.value == name)


def _checks(container: Container) -> Outcomes:
    yield from _probed(container)
    yield from _probe_ports(container)


def _long_running(container: Container) -> bool:
    """Main containers of pods that are meant to stay: init containers and jobs end by themselves."""
    if container.role != "containers" or container.pod.runs_to_completion:
        return False
    return container.pod.spec.at("restartPolicy").text() not in {"Never", "OnFailure"}


RULES = (
    Rule(
        id="POD-16",
        title="Probes on long-running containers",
        severity=Severity.MEDIUM,
        level=Level.OWN_MANDATORY,
        why="Requests reach a pod that is still starting, and a program that hangs stays in service until "
        "somebody restarts it by hand.",
        sources=(
            "kube-linter no-readiness-probe, no-liveness-probe",
            "kube-score pod-probes",
            "CKV_K8S_8",
            "CKV_K8S_9",
        ),
        remediation="Give the container a readinessProbe, and a livenessProbe or startupProbe that differs from it.",
        of_object=per_container(_checks, where=_long_running),
    ),
)
