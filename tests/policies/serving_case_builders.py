"""How cases about model servers are written."""

from __future__ import annotations

from typing import Any

from tests.policies.cases import PRESENT, Case
from tests.policies.objects import Json
from tests.policies.serving_objects import (
    SERVER,
    argument,
    model_server,
    server_pod,
)

GROUP_SIZE = "spec.leaderWorkerTemplate.size"
EGRESS = "spec.egress"
LEADER = "spec.leaderWorkerTemplate.leaderTemplate.spec.containers[0]"
MODEL_ARGUMENT = f"{SERVER}.args[0]"
ARGS = f"{SERVER}.args"
LIMITS = f"{SERVER}.resources.limits"
LABELS = "spec.template.metadata.labels"
GROUP_LABELS = "spec.leaderWorkerTemplate.leaderTemplate.metadata.labels"


def annotation(key: str) -> str:
    return f"metadata.annotations.ai-platform/{key}"


def server(
    rule: str,
    path: str,
    bad: Any,
    *,
    absent_fails: bool,
    good: Any = PRESENT,
    record: Json | None = None,
    at: str | None = None,
) -> Case:
    """A case about one model server."""
    resources = [record or model_server()]
    return Case(rule=rule, resources=resources, path=path, bad=bad, good=good, absent_fails=absent_fails, at=at)


def switch(rule: str, bad: str, good: str = "--enable-prefix-caching") -> Case:
    """A flag that must not be given."""
    record = model_server(server_pod((good,)))
    return server(rule, argument("new"), bad, absent_fails=False, good=good, record=record)


def new_variable(rule: str, name: str, bad: str, good: str = "0") -> Case:
    """A variable that must not be set to `bad`."""
    spec = server_pod()
    spec["containers"][0]["env"].append({"name": name, "value": good})
    last = len(spec["containers"][0]["env"]) - 1
    return server(rule, f"{SERVER}.env[{last}].value", bad, absent_fails=False, good=good, record=model_server(spec))
