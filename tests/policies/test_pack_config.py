"""Levels and lists of an environment: read strictly, and never able to switch off what must hold everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from policies.findings import Level, Severity
from policies.judge import judge
from policies.pack_config import (
    FOLDER,
    RESOURCES_POLICY,
    STACK_POLICY,
    PackConfigError,
    parse_settings,
    read_settings,
    schema,
    settings_of,
)
from policies.pack_settings import DEFAULTS
from policies.rules import REGISTRY
from tests.policies.objects import TODAY, Json, deployment, graph, pod_spec

LOWERED = {RESOURCES_POLICY: {"levels": {"POD-03": "advisory"}}, STACK_POLICY: {"levels": {"REL-01": "mandatory"}}}


def _schema(policy: str) -> Json:
    return {"type": "object", "properties": schema(policy, REGISTRY), "additionalProperties": False}


def test_a_level_of_the_environment_replaces_the_rules_own() -> None:
    settings = parse_settings(LOWERED, REGISTRY)
    assert settings.levels == {"POD-03": Level.ADVISORY, "REL-01": Level.MANDATORY}
    wrong = graph(deployment(spec=pod_spec(hostNetwork=True, hostPID=True)))
    strict, lowered = (judge(wrong, (), TODAY, settings=each) for each in (DEFAULTS, settings))
    mandatory = {item.rule: item.mandatory for item in lowered.findings}
    assert (mandatory["POD-02"], mandatory["POD-03"]) == (True, False)
    assert lowered.mandatory_failures == strict.mandatory_failures - 1
    assert len(lowered.findings) == len(strict.findings)


def test_a_stack_without_a_file_has_the_strictest_settings(tmp_path: Path) -> None:
    assert settings_of("new", REGISTRY, tmp_path) == DEFAULTS
    assert DEFAULTS.levels == {}
    assert DEFAULTS.remote_code == frozenset()


def test_a_stack_with_a_file_has_those_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_text(json.dumps(LOWERED))
    assert settings_of("dev", REGISTRY, tmp_path) == parse_settings(LOWERED, REGISTRY)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_the_shipped_files_are_what_the_engine_accepts(path: Path) -> None:
    assert read_settings(path, REGISTRY) != DEFAULTS
    for policy, value in json.loads(path.read_text()).items():
        jsonschema.validate(value, _schema(policy))


@pytest.mark.parametrize("rule", [rule for rule in REGISTRY if rule.must_stay_mandatory], ids=lambda rule: rule.id)
def test_what_is_critical_or_allows_no_exception_stays_mandatory(rule: Any) -> None:
    policy = RESOURCES_POLICY if rule.scope == "resource" else STACK_POLICY
    config = {policy: {"levels": {rule.id: "advisory"}}}
    with pytest.raises(PackConfigError, match=rf"{policy}\.levels\.{rule.id}: {rule.id} must stay mandatory"):
        parse_settings(config, REGISTRY)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(config[policy], _schema(policy))


def test_every_critical_rule_must_stay_mandatory() -> None:
    assert all(rule.must_stay_mandatory for rule in REGISTRY if rule.severity is Severity.CRITICAL)
    assert any(not rule.must_stay_mandatory for rule in REGISTRY)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ([], "the file: must be an object"),
        ({"all": "disabled"}, "all: there is no such policy; there is resources-mandatory, stack-mandatory"),
        ({"resource-mandatory": {}}, "resource-mandatory: there is no such policy, did you mean resources-mandatory?"),
        ({RESOURCES_POLICY: "advisory"}, "resources-mandatory: must be an object"),
        (
            {RESOURCES_POLICY: {"level": {}}},
            "resources-mandatory.level: there is no such setting, did you mean levels?",
        ),
        ({STACK_POLICY: {"registries": []}}, "stack-mandatory.registries: there is no such setting"),
        ({RESOURCES_POLICY: {"levels": []}}, "resources-mandatory.levels: must be an object"),
        ({RESOURCES_POLICY: {"levels": {"POD-99": "advisory"}}}, "resources-mandatory.levels.POD-99: there is no such"),
        ({RESOURCES_POLICY: {"levels": {"POD-03": "off"}}}, "resources-mandatory.levels.POD-03: must be one of mandat"),
        ({RESOURCES_POLICY: {"levels": {"POD-03": []}}}, "resources-mandatory.levels.POD-03: must be one of mandat"),
        ({RESOURCES_POLICY: {"levels": {"REL-01": "advisory"}}}, "REL-01 belongs to stack-mandatory; move the line"),
        ({STACK_POLICY: {"levels": {"POD-03": "advisory"}}}, "POD-03 belongs to resources-mandatory; move the line"),
        ({RESOURCES_POLICY: {"registries": "ghcr.io"}}, "resources-mandatory.registries: must be a list of texts"),
        ({RESOURCES_POLICY: {"remoteCode": [""]}}, "resources-mandatory.remoteCode: must be a list of texts"),
    ],
)
def test_a_mistake_is_one_line_with_the_key_path_and_the_fix(config: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_text(json.dumps(config))
    with pytest.raises(PackConfigError) as caught:
        read_settings(path, REGISTRY)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cut_off_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_text('{"resources-mandatory": {')
    with pytest.raises(PackConfigError, match=r"dev\.json: is not JSON"):
        read_settings(path, REGISTRY)
