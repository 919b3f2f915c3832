"""The stack files, their schema, and what a person reads when one of them is wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
import yaml

from stacks.schema_file import FILE_NAME, schema_text, stack_file_schema
from stacks.settings import KEY, SettingsError, load_settings
from tests.stacks.conftest import ROOT, STACKS


def content(stack: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text("utf-8"))


def platform(stack: str) -> dict[str, Any]:
    return content(stack)["config"][KEY]


def problems(change: Callable[[dict[str, Any]], object], stack: str = "dev") -> list[str]:
    raw = copy.deepcopy(platform(stack))
    change(raw)
    with pytest.raises(SettingsError) as caught:
        load_settings(raw)
    return list(caught.value.problems)


@pytest.mark.parametrize("stack", STACKS)
def test_a_shipped_stack_file_is_valid_by_its_schema_and_by_the_program(stack: str) -> None:
    jsonschema.validate(content(stack), stack_file_schema())
    assert load_settings(platform(stack)).environment == stack


@pytest.mark.parametrize("stack", STACKS)
def test_a_shipped_stack_file_names_the_schema_and_disables_default_providers(stack: str) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text("utf-8")
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={FILE_NAME}"
    assert content(stack)["config"]["pulumi:disable-default-providers"] == ["*"]
    assert "encryptionsalt" not in content(stack)


@pytest.mark.parametrize("stack", STACKS)
def test_every_model_of_a_shipped_stack_is_pinned_and_says_where_it_comes_from(stack: str) -> None:
    for model in load_settings(platform(stack)).models:
        dumped = json.loads(model.model_dump_json(by_alias=True))
        # Weights that somebody put into the bucket by hand have no commit.
        assert dumped["weights"]["s3"] or len(dumped["weights"]["revision"]) == 40
        assert dumped["source"].startswith("https://")


def test_the_committed_schema_is_the_one_the_settings_have() -> None:
    assert (ROOT / FILE_NAME).read_text("utf-8") == schema_text(), "run make schema"


def test_a_misspelt_key_is_named_with_the_right_one() -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["models"][0]["maxModelLenght"] = raw["models"][0].pop("maxModelLen")

    assert problems(change) == [f"{KEY}.models[0].maxModelLenght: unknown key; did you mean 'maxModelLen'?"]


def test_a_misspelt_key_of_the_cluster_is_named_without_levels_the_file_does_not_have() -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["cluster"]["kubernetesVersoin"] = raw["cluster"].pop("kubernetesVersion")

    lines = problems(change)
    assert f"{KEY}.cluster.kubernetesVersoin: unknown key; did you mean 'kubernetesVersion'?" in lines


def test_a_wrong_type_is_named_with_what_stands_there() -> None:
    (line,) = problems(lambda raw: raw["models"][0].update(maxModelLen="long"))
    assert line == f'{KEY}.models[0].maxModelLen: must be a whole number, without quotes, but it is "long"'


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("protectData", "yes", "true or false"),
        ("domain", 5, "text, in quotes"),
        ("models", "qwen3-8b", "a list"),
        ("gateway", None, "a mapping of keys"),
    ],
)
def test_a_value_of_another_type_is_never_turned_into_the_right_one(key: str, value: object, expected: str) -> None:
    (line,) = problems(lambda raw: raw.update({key: value}))
    assert line.startswith(f"{KEY}.{key}: must be {expected}, but it is ")


def test_a_number_in_quotes_is_refused() -> None:
    (line,) = problems(lambda raw: raw["models"][0].update(maxModelLen="32768"))
    assert line.startswith(f"{KEY}.models[0].maxModelLen: ")


def test_keys_are_written_as_in_the_schema_only() -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["models"][0]["max_model_len"] = raw["models"][0].pop("maxModelLen")

    assert problems(change) == [f"{KEY}.models[0].max_model_len: unknown key; did you mean 'maxModelLen'?"]


def test_a_missing_key_is_named() -> None:
    assert f"{KEY}.domain: required key is missing" in problems(lambda raw: raw.pop("domain"))


def test_an_unknown_parser_is_refused_with_the_one_that_was_meant() -> None:
    lines = problems(lambda raw: raw["models"][0].update(toolCallParser="hermess"))
    assert lines == [f"{KEY}.models[0].toolCallParser: \"hermess\" is none of its values; did you mean 'hermes'?"]


def test_a_value_unlike_every_other_is_refused_with_all_that_there_are() -> None:
    (line,) = problems(lambda raw: raw["models"][0].update(priority="highest of all"))
    assert line.startswith(f"{KEY}.models[0].priority: input should be 'platform-critical'")


def test_two_models_of_one_name_are_refused() -> None:
    lines = problems(lambda raw: raw["models"].append(copy.deepcopy(raw["models"][0])))
    last = len(platform("dev")["models"])
    assert any(
        line.startswith(f"{KEY}.models[{last}].name: ") and "already the name of models[0]" in line for line in lines
    )


def test_a_model_whose_gpus_exist_in_no_pool_is_refused_with_the_pools_there_are() -> None:
    lines = problems(lambda raw: raw["models"][0]["gpu"].update(pool="h900"))
    pools = [pool["name"] for pool in platform("dev")["cluster"]["pools"] if pool["role"] == "gpu"]
    assert any(line.startswith(f"{KEY}.models[0].gpu.pool: ") and pools[0] in line for line in lines)


def test_more_gpus_than_the_pools_have_are_refused() -> None:
    lines = problems(lambda raw: raw["models"][0]["replicas"].update(min=400, max=401))
    assert any(
        line.startswith(f"{KEY}.models[0].gpu.pool: ") and "the pool has 2 nodes with 4 each" in line for line in lines
    )


@pytest.mark.parametrize("domain", ["example", "AI.example.org", "http://ai.example.org", "ai..example.org", "a_b.org"])
def test_a_domain_that_is_no_dns_name_is_refused(domain: str) -> None:
    (line,) = problems(lambda raw: raw.update(domain=domain))
    assert line.startswith(f"{KEY}.domain: ")
    assert "is no DNS name" in line


def test_an_unknown_kind_of_cluster_is_refused_with_those_there_are() -> None:
    assert f"{KEY}.cluster.kind: must be one of eks, existing, k3s" in problems(
        lambda raw: raw["cluster"].update(kind="gke")
    )


def test_a_team_of_an_unknown_tier_is_refused() -> None:
    lines = problems(lambda raw: raw["teams"][0].update(tier="platinum"))
    assert any(line.startswith(f"{KEY}.teams[0].tier: 'platinum' is no tier") for line in lines)


def test_a_team_that_may_call_a_model_nobody_serves_is_refused() -> None:
    lines = problems(lambda raw: raw["teams"][0].update(models=["gpt-9"]))
    assert any(line.startswith(f"{KEY}.teams[0].models: no model is called 'gpt-9'") for line in lines)


def test_every_problem_is_reported_at_once() -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["domain"] = "x"
        raw["models"][0]["maxModelLen"] = "long"
        raw["unknown"] = 1

    assert len(problems(change)) == 3


def test_an_empty_list_is_refused_and_a_wrong_entry_is_not_called_a_missing_one() -> None:
    assert f"{KEY}.teams: must have at least one entry" in problems(lambda raw: raw.update(teams=[]))
    lines = problems(lambda raw: raw.update(teams=[raw["teams"][0] | {"name": "X"}]))
    assert len(lines) == 1
    assert lines[0].startswith(f"{KEY}.teams[0].name: 'X' is no DNS label")


def test_a_message_joins_the_key_that_it_names_to_the_path() -> None:
    (line,) = problems(lambda raw: raw["cluster"]["servers"].pop())
    assert line.startswith(f"{KEY}.cluster.servers: 2 hosts tolerate no more failures than 1")
