from __future__ import annotations

import ast
import json
from typing import Any

import pytest
import yaml

from components.inference_gateway.api_routes import API_PATHS
from tests.components.gateway_program import api_tokens, build_gateway, team
from tests.components.surroundings import Built


def teams() -> tuple[Any, ...]:
    return (team("lab", group="research", models=("qwen3-8b",)), team("clinic", group="medicine"))


@pytest.fixture(scope="module")
def built() -> Built:
    return build_gateway(api_tokens=api_tokens, teams=teams)


def files(built: Built) -> dict[str, str]:
    """What lies in the folder that LiteLLM's configuration is mounted to."""
    pod = built.one("Deployment", "litellm")["spec"]["template"]["spec"]
    [volume] = [item for item in pod["volumes"] if item["name"] == "config"]
    [config] = [item for item in built.objects("ConfigMap") if item["metadata"]["name"] == volume["configMap"]["name"]]
    return config["data"]


def test_the_module_lies_beside_the_configuration_that_names_it(built: Built) -> None:
    found = files(built)
    general = yaml.safe_load(found["config.yaml"])["general_settings"]
    module, _, function = general["custom_auth"].partition(".")
    defined = ast.parse(found[f"{module}.py"]).body
    assert function in {item.name for item in defined if isinstance(item, ast.AsyncFunctionDef)}
    assert general["custom_auth_run_common_checks"] is True


def test_nothing_that_needs_a_licence_signs_anybody_on(built: Built) -> None:
    found = files(built)
    general = yaml.safe_load(found["config.yaml"])["general_settings"]
    paid = {"custom_auth_settings", "enable_jwt_auth", "litellm_jwtauth", "enable_oauth2_auth", "public_routes"}
    assert paid.isdisjoint(general)
    imported = {
        name
        for item in ast.walk(ast.parse(found["platform_sign_on.py"]))
        if isinstance(item, ast.Import | ast.ImportFrom)
        for name in ([item.module] if isinstance(item, ast.ImportFrom) else [alias.name for alias in item.names])
    }
    assert "litellm" in imported
    assert not any(name and name.startswith("litellm_enterprise") for name in imported)


def test_a_teams_people_get_what_its_keys_get(built: Built) -> None:
    settings = json.loads(files(built)["sign_on.json"])
    [job] = [item for item in built.objects("ConfigMap") if "teams.json" in item["data"]]
    bodies = {body["team_id"]: body for body in json.loads(job["data"]["teams.json"])}
    assert {entry["team"]: entry["group"] for entry in settings["teams"]} == {"lab": "research", "clinic": "medicine"}
    for entry in settings["teams"]:
        body = bodies[entry["team"]]
        assert entry["models"] == body["models"]
        assert (entry["requestsPerMinute"], entry["tokensPerMinute"]) == (body["rpm_limit"], body["tpm_limit"])


def test_the_module_asks_for_the_token_that_the_edge_asks_for(built: Built) -> None:
    settings = json.loads(files(built)["sign_on.json"])
    [provider] = built.one("SecurityPolicy", "api-tokens")["spec"]["jwt"]["providers"]
    assert [settings["audience"]] == provider["audiences"]
    assert settings["issuer"] == provider["issuer"]
    assert settings["jwksUrl"] == provider["remoteJWKS"]["uri"]
    assert settings["paths"] == list(API_PATHS)
    assert settings["maxParallelRequests"] == 64


def test_a_gateway_without_a_realm_checks_keys_alone() -> None:
    found = files(build_gateway())
    assert {"platform_sign_on.py", "sign_on.json"}.isdisjoint(found)
    assert "custom_auth" not in found["config.yaml"]
