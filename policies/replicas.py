"""How many pods of a workload there always are."""

from __future__ import annotations

from policies.fields import Field, MalformedError
from policies.normalise import UnknownValueError
from policies.stack import Stack, known_name, known_namespace
from policies.subjects import Subject


def fewest_replicas(stack: Stack, workload: Subject) -> int:
    """The replicas that are always there: an autoscaler's minimum where there is one, otherwise the declared number."""
    minima = [
        number(scaler.root.at("spec", key), 1)
        for key, scaler in stack.once(_Autoscalers).near(workload)
        if _scales(scaler, workload)
    ]
    return max(minima) if minima else number(workload.root.at("spec", "replicas"), 1)


def number(field: Field, default: int) -> int:
    """The number at `field`, `default` where there is none."""
    return field.value if isinstance(field.value, int) else default


_KINDS = (("minReplicas", ("autoscaling", "HorizontalPodAutoscaler")), ("minReplicaCount", ("keda.sh", "ScaledObject")))

_Scaler = tuple[str, Subject]
"""The property that holds the least number, and the autoscaler."""


class _Autoscalers:
    """The autoscalers of a stack by namespace and by what they scale; None where that is not known."""

    def __init__(self, stack: Stack) -> None:
        self._found: dict[str | None, dict[str | None, list[tuple[int, _Scaler]]]] = {}
        scalers = ((key, scaler) for key, kind in _KINDS for scaler in sorted(stack.of(*kind), key=_is_anywhere))
        for place, (key, scaler) in enumerate(scalers):
            targets = self._found.setdefault(known_namespace(scaler), {})
            targets.setdefault(_known_target(scaler), []).append((place, (key, scaler)))

    def near(self, workload: Subject) -> list[_Scaler]:
        """Those that may scale `workload`."""
        targets = self._found.get(workload.namespace, {})
        name = known_name(workload)
        near = [targets.get(name, []), targets.get(None, [])] if name is not None else list(targets.values())
        anywhere = self._found.get(None, {}).values()
        found = [entry for entries in (*near, *anywhere) for entry in entries]
        return [scaler for _, scaler in sorted(found, key=lambda entry: entry[0])]


def _is_anywhere(scaler: Subject) -> bool:
    return known_namespace(scaler) is None


def _known_target(scaler: Subject) -> str | None:
    """Name of what is scaled, None while that or its kind is not known."""
    try:
        return (_kind(scaler) and _name(scaler)) or None
    except (UnknownValueError, MalformedError):
        return None


def _kind(scaler: Subject) -> str:
    # KEDA's target is a Deployment unless it says otherwise.
    return scaler.root.at("spec", "scaleTargetRef", "kind").text() or "Deployment"


def _name(scaler: Subject) -> str:
    return scaler.root.at("spec", "scaleTargetRef", "name").text()


def _scales(scaler: Subject, workload: Subject) -> bool:
    return _kind(scaler) == workload.kind and _name(scaler) == workload.name and scaler.namespace == workload.namespace
