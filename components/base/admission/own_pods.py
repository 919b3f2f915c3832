"""What the platform asks of its own pods beyond Pod Security. Objects of charts are not judged by it."""

from __future__ import annotations

from components.base.admission.pod_templates import JOB_KINDS, each_pod, each_volume
from components.base.admission.policy import Check

_LONG_RUNNING = (
    f"request.kind.kind in {JOB_KINDS} || pod.spec.?restartPolicy.orValue('Always') in ['Never', 'OnFailure']"
)
"""Negated: init containers and jobs end by themselves and need no probe."""


def _each_lasting(rule: str, demand: str, expression: str) -> Check:
    """Without ephemeral containers, which people start to look around and which can have no resources."""
    lasting = "(pod.spec.?initContainers.orValue([]) + pod.spec.?containers.orValue([]))"
    return each_pod(rule, demand, f"{lasting}.all(container, {expression})")


def _each_long_running(demand: str, expression: str) -> Check:
    return each_pod("POD-16", demand, f"{_LONG_RUNNING} || pod.spec.containers.all(container, {expression})")


_PROBE_PORTS = ", ".join(
    f"?container.?{probe}.?{handler}.?port"
    for probe in ("readinessProbe", "livenessProbe", "startupProbe")
    for handler in ("httpGet", "tcpSocket", "grpc")
)

_REQUESTED = "container.?resources.?requests[?'memory']"
_LIMIT = "container.?resources.?limits[?'memory']"

OWN_POD_CHECKS: tuple[Check, ...] = (
    _each_lasting(
        "POD-12",
        "readOnlyRootFilesystem must be true, with an emptyDir where the program writes",
        "container.?securityContext.?readOnlyRootFilesystem.orValue(false)",
    ),
    each_pod(
        "POD-13",
        "automountServiceAccountToken must be false: the pod gets a token for the Kubernetes API otherwise",
        "!pod.spec.?automountServiceAccountToken.orValue(true)",
    ),
    each_pod(
        "POD-14",
        "serviceAccountName must name a ServiceAccount of its own, not default",
        "!(pod.spec.?serviceAccountName.or(pod.spec.?serviceAccount).orValue('') in ['', 'default'])",
    ),
    _each_lasting(
        "POD-15",
        "requests.cpu and limits.memory must be set, and requests.memory must equal the limit",
        f"container.?resources.?requests[?'cpu'].hasValue() && {_LIMIT}.hasValue() && {_REQUESTED}.hasValue() && "
        f"quantity(string({_REQUESTED}.value())).compareTo(quantity(string({_LIMIT}.value()))) == 0",
    ),
    each_volume(
        "POD-20",
        "an emptyDir must have a sizeLimit: the node's disk or memory would run full for every pod on it",
        # A volume without a source is an emptyDir as well.
        "volume.exists(key, !(key in ['name', 'emptyDir'])) || volume.?emptyDir.?sizeLimit.hasValue()",
    ),
    _each_long_running(
        "a long-running container needs a readinessProbe, and a livenessProbe or startupProbe",
        "has(container.readinessProbe) && (has(container.livenessProbe) || has(container.startupProbe))",
    ),
    _each_long_running(
        "livenessProbe must differ from readinessProbe: overload would restart every replica at once",
        "!has(container.livenessProbe) || !has(container.readinessProbe) || "
        "container.livenessProbe != container.readinessProbe",
    ),
    _each_long_running(
        "a probe must ask a port that the container declares",
        f"[{_PROBE_PORTS}].all(asked, container.?ports.orValue([]).exists(port, "
        "port.containerPort == asked || port.?name.orValue('') == asked))",
    ),
)
