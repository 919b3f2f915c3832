"""No part of the platform reports its use to whoever made it."""

from __future__ import annotations

from typing import NamedTuple

from policies.checks import together
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.grafana_config import per_grafana
from policies.pods import Container
from policies.registry import ObjectCheck, Rule
from policies.servers import LITELLM, MINIO, QDRANT, SEAWEEDFS, VLLM, per_server, variable, words

_ANALYTICS = ("reporting_enabled", "check_for_updates", "check_for_plugin_updates")


class Switch(NamedTuple):
    """Servers that run `image` are silent once `variable` has one of the `values`, compared in lower case."""

    image: str
    variable: str
    values: tuple[str, ...]


SWITCHES = (
    Switch(LITELLM, "LITELLM_LOCAL_MODEL_COST_MAP", ("true",)),
    Switch(MINIO, "MINIO_UPDATE", ("off",)),
    Switch(QDRANT, "QDRANT__TELEMETRY_DISABLED", ("true",)),
    Switch(VLLM, "DO_NOT_TRACK", ("1", "true")),
)


def _silenced(switch: Switch) -> ObjectCheck:
    def check(container: Container) -> Outcomes:
        value = variable(container, switch.variable).at("value")
        if value.text().lower() not in switch.values:
            message = f"{switch.variable} must be {switch.values[0]}: the program calls home otherwise"
            yield Violation(value.path, message)

    return per_server(check, switch.image)


def _does_not_report(container: Container) -> Outcomes:
    for word in words(container):
        name, _, value = word.text().lstrip("-").partition("=")
        if name in {"telemetry", "master.telemetry"} and value.lower() != "false":
            yield Violation(word.path, "must be false: the store reports its use otherwise")


def _grafana_is_silent(settings: Field) -> Outcomes:
    for setting in map(settings.at("analytics").at, _ANALYTICS):
        if setting.value is not False:
            yield Violation(setting.path, "must be false: Grafana calls home otherwise")


RULES = (
    Rule(
        id="AI-34",
        title="Usage reporting is off",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="The programs tell their makers from inside the platform what runs there and how much, and each "
        "keeps a way to the internet open for it.",
        sources=("documentation of vLLM, Qdrant, Grafana, MinIO, SeaweedFS and LiteLLM", "own"),
        remediation="Set the variable or the setting that the finding names.",
        of_object=together(
            *map(_silenced, SWITCHES), per_server(_does_not_report, SEAWEEDFS), per_grafana(_grafana_is_silent)
        ),
    ),
)
