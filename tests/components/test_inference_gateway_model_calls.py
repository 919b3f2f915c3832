"""The module that mends requests to model servers and errors from them. What it does: tests/live."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
import yaml

from components.inference_gateway.arguments import Guardrails, Judge
from components.inference_gateway.model_calls import model_calls_extension
from tests.components.gateway_program import build_gateway


def test_litellm_loads_the_module_that_lies_beside_its_configuration() -> None:
    built = build_gateway()
    [files] = [item["data"] for item in built.objects("ConfigMap") if "config.yaml" in item["data"]]
    callbacks = yaml.safe_load(files["config.yaml"])["litellm_settings"]["callbacks"]
    [module, instance] = callbacks[-1].split(".")
    assigned = [item for item in ast.parse(files[f"{module}.py"]).body if isinstance(item, ast.Assign)]
    assert instance in {target.id for item in assigned for target in item.targets if isinstance(target, ast.Name)}


@pytest.mark.parametrize(
    ("filters", "refused"),
    [
        ({}, False),
        ({"mask": ("email",)}, True),
        ({"blocked_words": ("falcon",)}, True),
        ({"judge": Judge(model="guard", context_length=8192)}, True),
    ],
)
def test_token_ids_are_refused_where_texts_are_filtered(filters: dict[str, Any], refused: bool) -> None:
    files = model_calls_extension(filtered=Guardrails(**filters).filter_texts).files
    assert json.loads(files["model_calls.json"]) == {"refuseTokenIds": refused}


def test_a_model_that_fails_is_given_up_before_a_person_wonders() -> None:
    pod = build_gateway().one("Deployment", "litellm")["spec"]["template"]["spec"]
    variables = {item["name"]: item.get("value") for item in pod["containers"][0]["env"]}
    first, longest, jitter = (float(variables[name]) for name in ("INITIAL_RETRY_DELAY", "MAX_RETRY_DELAY", "JITTER"))
    tries = 3
    assert 0 < sum(min(first * 2**number, longest) + jitter for number in range(tries)) < 2
