"""The one schema of a stack file: key `ai-platform:platform` of Pulumi.<stack>.yaml."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from stacks.schema.base import NOT_EMPTY, DnsLabel, DnsName, SettingsModel
from stacks.schema.charts import ChartsSettings, RegistrySettings
from stacks.schema.cluster import ClusterSettings
from stacks.schema.data import DataSettings
from stacks.schema.gateway import GatewaySettings
from stacks.schema.identity import IdentitySettings
from stacks.schema.models import ModelSettings
from stacks.schema.observability import ObservabilitySettings
from stacks.schema.teams import TeamSettings

KEY = "ai-platform:platform"
"""Configuration key that holds the settings; error messages start with it."""

_CLUSTER_KINDS = {"existing", "k3s", "eks"}
_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a mapping of keys",
    "float_type": "a number, without quotes",
    "int_type": "a whole number, without quotes",
    "model_type": "a mapping of keys",
    "string_type": "text, in quotes",
    "tuple_type": "a list",
}
"""What a value of a wrong type should have been, in the words of a stack file."""


class PlatformSettings(SettingsModel):
    """Everything a stack decides. Versions of software are not in here, they are the same for every stack."""

    environment: DnsLabel
    """Label on every object, and the name under which policies keep their levels."""
    domain: DnsName
    """DNS zone of the public names: api., console., auth. and grafana. are put before it."""
    protect_data: bool = True
    """Guard databases, buckets and volumes against deletion by `pulumi destroy` and by mistake."""
    cluster: ClusterSettings = Field(discriminator="kind")
    """Where the platform runs."""
    registry: RegistrySettings = RegistrySettings()
    """Where images come from."""
    charts: ChartsSettings = ChartsSettings()
    """Where third-party charts come from."""
    models: Annotated[tuple[ModelSettings, ...], NOT_EMPTY]
    """Models to serve; each becomes a name at the gateway."""
    gateway: GatewaySettings
    """Tiers, limits and routing of the OpenAI-compatible gateway."""
    identity: IdentitySettings = IdentitySettings()
    """Single sign-on."""
    teams: Annotated[tuple[TeamSettings, ...], NOT_EMPTY]
    """Who may use the gateway."""
    data: DataSettings = DataSettings()
    """Object store, databases, vectors and cache."""
    observability: ObservabilitySettings = ObservabilitySettings()
    """Service levels and retention."""


_KEY_PATH = re.compile(r"[a-z][A-Za-z0-9]*(\[\d+\])?(\.[A-Za-z0-9_-]+(\[\d+\])?)*: ")
"""How a message begins that names a key below the one that was checked."""


class SettingsError(Exception):
    """Settings that cannot work. `problems` has one line each, naming the key path and the fix."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def load_settings(raw: Any) -> PlatformSettings:
    """Read and check the settings. Raises SettingsError with every problem found, before anything is registered."""
    from stacks.checks import setting_problems  # noqa: PLC0415 # the checks import this module's types

    try:
        # JSON is what the engine hands over. Strict: a number in quotes is no number, and yes is no boolean.
        settings = PlatformSettings.model_validate_json(json.dumps(raw), strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise SettingsError([_describe(detail) for detail in details if not _is_misspelt(detail, details)]) from None
    problems = setting_problems(settings)
    if problems:
        raise SettingsError([f"{KEY}.{problem}" for problem in problems])
    return settings


def _is_misspelt(detail: Mapping[str, Any], details: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a key is only missing because it is misspelt: the line about the unknown key names it."""
    location: tuple[str | int, ...] = detail["loc"]
    return detail["type"] == "missing" and any(
        other["type"] == "extra_forbidden"
        and other["loc"][:-1] == location[:-1]
        and _nearest(other["loc"]) == location[-1]
        for other in details
    )


def _describe(detail: Mapping[str, Any]) -> str:
    location: tuple[str | int, ...] = detail["loc"]
    path = _path(location)
    match detail["type"]:
        case "extra_forbidden":
            return f"{path}: unknown key{_suggestion(location)}"
        case "missing":
            return f"{path}: required key is missing"
        case "value_error":
            message = str(detail["ctx"]["error"])
            return f"{path}{'.' if _KEY_PATH.match(message) else ': '}{message}"
        case "too_short":
            return f"{path}: needs at least {detail['ctx']['min_length']} entry"
        case "union_tag_invalid" | "union_tag_not_found":
            return f"{path}.kind: must be one of {', '.join(sorted(_CLUSTER_KINDS))}"
        case other:
            return f"{path}: {_wrong_value(other, detail)}"


def _wrong_value(kind: str, detail: Mapping[str, Any]) -> str:
    value = _shown(detail["input"])
    nearest = _nearest_choice(detail) if kind == "literal_error" else None
    if nearest:
        return f"{value} is none of its values; did you mean {nearest!r}?"
    expected = f"must be {_EXPECTED[kind]}" if kind in _EXPECTED else _lowered(detail["msg"])
    return f"{expected}, but it is {value}"


def _nearest_choice(detail: Mapping[str, Any]) -> str | None:
    """The value of a list of values that was probably meant."""
    choices = re.findall(r"'([^']+)'", detail["ctx"]["expected"])
    return next(iter(difflib.get_close_matches(str(detail["input"]), choices, n=1)), None)


def _lowered(message: str) -> str:
    return message[0].lower() + message[1:]


def _path(location: Sequence[str | int]) -> str:
    text = KEY
    for index, part in enumerate(location):
        # Pydantic puts the chosen kind of a discriminated union into the path; the file has no such level.
        if index == 1 and location[0] == "cluster" and part in _CLUSTER_KINDS:
            continue
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text


def _shown(value: Any) -> str:
    limit = 60
    text = json.dumps(value, default=str)
    return text if len(text) <= limit else f"{text[:limit]}…"


def _suggestion(location: Sequence[str | int]) -> str:
    nearest = _nearest(location)
    if nearest:
        return f"; did you mean {nearest!r}?"
    keys = _keys_beside(location)
    return f"; known keys here: {', '.join(sorted(keys))}" if keys else ""


def _nearest(location: Sequence[str | int]) -> str | None:
    return next(iter(difflib.get_close_matches(str(location[-1]), _keys_beside(location), n=1)), None)


def _keys_beside(location: Sequence[str | int]) -> list[str]:
    """Names that the section holding the last part of `location` knows."""
    schema = PlatformSettings.model_json_schema(by_alias=True)
    node: dict[str, Any] = schema
    for part in location[:-1]:
        node = _step(schema, node, part)
    return list(_resolve(schema, node).get("properties", {}))


def _step(schema: dict[str, Any], node: dict[str, Any], part: str | int) -> dict[str, Any]:
    node = _resolve(schema, node)
    mapping: dict[str, str] = node.get("discriminator", {}).get("mapping", {})
    if part in mapping:
        return {"$ref": mapping[str(part)]}
    if isinstance(part, int):
        return node.get("items", {})
    return node.get("properties", {}).get(part) or _object_or_empty(node.get("additionalProperties"))


def _object_or_empty(node: Any) -> dict[str, Any]:
    return node if isinstance(node, dict) else {}


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    for alternative in node.get("anyOf", []):
        if "$ref" in alternative:
            node = alternative
    if "$ref" in node:
        return schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return node


def model_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema of `model` with the keys that a stack file uses."""
    return model.model_json_schema(by_alias=True)
