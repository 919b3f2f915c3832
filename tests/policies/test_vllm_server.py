"""A vLLM command line is read as vLLM reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policies.fields import Field, MalformedError
from policies.mounts import is_under
from policies.normalise import Unknown, UnknownValueError
from policies.rules.models.command_line import ELSEWHERE, JUDGED
from policies.rules.models.server_flags import DANGEROUS_FLAGS, DANGEROUS_VARIABLES
from policies.subjects import subjects_of
from policies.vllm_command_line import CommandLine
from policies.vllm_server import model_servers, set_on
from tests.policies.objects import Json, container, deployment, gpu_deployment, pod_spec
from tests.policies.serving_objects import model_group, model_server

SURFACE = json.loads((Path(__file__).parents[1] / "data" / "vllm_options.json").read_text("utf-8"))


def command(*arguments: object) -> CommandLine:
    return CommandLine(Field(list(arguments), "args"))


def test_a_flag_takes_its_value_with_or_without_an_equals_sign() -> None:
    line = command("model", "--dtype=bfloat16", "--max-model-len", "32k")
    dtype, length = line.last("--dtype"), line.last("--max-model-len")
    assert dtype
    assert dtype.value == "bfloat16"
    assert dtype.path == "args[1]"
    assert length
    assert length.number() == 32_000


def test_a_switch_takes_no_value_from_the_flag_that_follows() -> None:
    line = command("model", "--trust-remote-code", "--dtype=half")
    switch = line.last("--trust-remote-code")
    assert switch
    assert switch.value is None
    assert switch.on


@pytest.mark.parametrize(("text", "number"), [("16k", 16_000), ("16K", 16_384), ("1.5m", 1_500_000), ("0.9", 0.9)])
def test_numbers_may_be_written_for_people(text: str, number: float) -> None:
    assert command("model", f"--flag={text}").number("--flag", None) == number


@pytest.mark.parametrize("text", ["", "auto", "k", "many"])
def test_what_is_no_number_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError, match="a number for --flag"):
        command("model", f"--flag={text}").number("--flag", None)


def test_underscores_are_dashes_in_names_and_stay_in_values() -> None:
    option = command("model", "--load_format=runai_streamer").last("--load-format")
    assert option
    assert option.value == "runai_streamer"


def test_the_last_of_several_counts_and_no_takes_a_switch_back() -> None:
    line = command("model", "--enable-lora", "--no-enable-lora")
    last = line.last("--enable-lora")
    assert last
    assert not last.on
    assert line.mentions("--enable-lora") is not None
    assert command("model", "--no-enable-lora").mentions("--enable-lora") is None


def test_the_model_is_the_first_argument_even_when_it_looks_like_a_flag() -> None:
    assert command("--flag").last("--flag") is None
    assert command("path").model.text() == "path"
    assert not command().model.present
    assert command().model.path == "args"


def test_an_argument_that_is_not_known_may_be_any_flag_but_not_the_model() -> None:
    assert command(Unknown("args[0]"), "--a=1").last("--b") is None
    line = command("model", "--a=1", Unknown("args[2]"), "--b=2")
    assert line.mentions("--a", "--b") is not None
    assert line.last("--b") is not None
    for flag in ("--a", "--c"):
        with pytest.raises(UnknownValueError, match=r"args\[2\]"):
            line.last(flag)
    with pytest.raises(UnknownValueError):
        line.mentions("--c")


def test_a_value_that_is_not_known_is_not_taken_from_elsewhere() -> None:
    line = command("model", "--a", Unknown("args[2]"))
    with pytest.raises(UnknownValueError):
        line.last("--a")


def test_every_flag_and_variable_that_rules_read_exists_in_the_pinned_release() -> None:
    assert {*JUDGED, *ELSEWHERE, *DANGEROUS_FLAGS} <= set(SURFACE["flags"])
    assert set(DANGEROUS_VARIABLES) <= set(SURFACE["variables"])


def test_no_flag_of_the_pinned_release_looks_like_an_abbreviation() -> None:
    """A whole flag that another one begins with must be among those that rules read."""
    begins = {flag for flag in SURFACE["flags"] if any(judged.startswith(flag) for judged in JUDGED)}
    assert begins == set(JUDGED)


def servers(record: Json) -> int:
    return sum(len(model_servers(subject)) for subject in subjects_of(record))


def test_a_server_is_known_by_its_name_its_image_or_its_gpu() -> None:
    plain = deployment("qwen", component="model")
    assert servers(plain) == 0
    for changes in ({"name": "vllm"}, {"image": "registry.example.com/mirror/vllm-openai:v1"}):
        assert servers(deployment("qwen", component="model", spec=pod_spec(containers=[container(**changes)]))) == 1
    with_gpu = gpu_deployment()
    assert servers(with_gpu) == 0
    with_gpu["inputs"]["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"] = "model"
    assert servers(with_gpu) == 1


def test_only_main_containers_of_pods_that_serve_a_model_are_servers() -> None:
    beside = container(name="adapters", image="docker.io/vllm/vllm-openai:v0.33.0", restartPolicy="Always")
    spec = pod_spec(initContainers=[beside])
    assert servers(deployment("qwen", component="model", spec=spec)) == 0
    assert servers(deployment("qwen", component="weights", spec=pod_spec(containers=[container(name="vllm")]))) == 0
    assert servers(model_server()) == 1
    assert servers(model_group()) == 2


def test_vllm_takes_nothing_zero_and_false_as_off() -> None:
    assert not set_on(None)
    assert not any(set_on(Field(text)) for text in ("", "0", "false", " False "))
    assert all(set_on(Field(text)) for text in ("1", "true", "yes"))


def test_a_folder_holds_what_is_below_it_alone() -> None:
    assert is_under("/cache", "/cache")
    assert is_under("/cache/vllm", "/cache/")
    assert not is_under("/cachebox", "/cache")
