"""Cases of the rules about the gateway, about data and about signing in."""

from __future__ import annotations

import json

from tests.policies.cases import Case
from tests.policies.gateway_objects import (
    REALM,
    added_models,
    alerts,
    changed,
    config_text,
    envoy_proxy,
    external_model,
    gateway_map,
    keycloak,
    litellm,
    minio,
    monitoring_chart,
    qdrant,
    realm_map,
    routed,
    seaweedfs,
    server,
    sign_in,
    teams_map,
    teams_text,
    text_map,
    variables,
)
from tests.policies.objects import resource

_CONFIG = 'data["config.yaml"]'
_TEAMS = 'data["teams.json"]'
_ENV = "spec.template.spec.containers[0].env"


def _config_case(rule: str, path: str, value: object) -> Case:
    return Case(rule=rule, resources=[gateway_map()], path=_CONFIG, bad=config_text((path, value)), absent_fails=False)


def _archive() -> list[dict[str, object]]:
    configuration = {"destinationPath": "s3://backups", "endpointURL": "http://objects.data.svc.cluster.local:8333"}
    inputs = {"metadata": {"name": "archive", "namespace": "data"}, "spec": {"configuration": configuration}}
    return [resource("barmancloud.cnpg.io/v1:ObjectStore", inputs)]


AI_PLATFORM_CASES = [
    _config_case("AI-03", "general_settings.master_key", "written out"),
    _config_case("AI-14", "general_settings.store_prompts_in_spend_logs", True),
    Case(
        rule="AI-15",
        resources=[teams_map()],
        path=_TEAMS,
        bad=teams_text(("max_budget", None)),
        absent_fails=False,
    ),
    Case(
        rule="AI-16",
        resources=[gateway_map(added_models(external_model(data_classes=["public"]))), teams_map()],
        path=_TEAMS,
        bad=teams_text(("models", ["outside"])),
        absent_fails=False,
        index=1,
    ),
    _config_case("AI-17", "router_settings.fallbacks", [{"small": ["nobody"]}]),
    Case(
        rule="AI-18",
        resources=[qdrant()],
        path=_ENV,
        bad=variables("QDRANT__SERVICE__API_KEY", QDRANT__SERVICE__ENABLE_SNAPSHOT_URL_RECOVERY="false"),
        absent_fails=True,
    ),
    Case(
        rule="AI-19",
        resources=[seaweedfs()],
        path="spec.template.spec.containers[0].args",
        bad=["server", "-s3", "-s3.iam=false"],
        # Then it is whatever the image does by itself.
        absent_fails=False,
    ),
    Case(
        rule="AI-19",
        resources=[minio()],
        path=_ENV,
        bad=variables(MINIO_ROOT_USER="admin", MINIO_ROOT_PASSWORD="changeme"),
        absent_fails=True,
    ),
    Case(
        rule="AI-20",
        resources=[keycloak()],
        path="spec.template.spec.containers[0].args",
        bad=["start-dev"],
        absent_fails=True,
    ),
    Case(
        rule="AI-24",
        resources=[
            litellm(),
            alerts("litellm_remaining_team_budget_metric < 1", "litellm_proxy_total_requests_metric_total > 1"),
        ],
        path="spec.groups[0].rules[0].expr",
        bad="up == 0",
        absent_fails=True,
        index=1,
        about=0,
    ),
    _config_case("AI-25", "model_list[0].litellm_params.input_cost_per_token", 0.0),
    Case(
        rule="AI-26",
        resources=[litellm(), gateway_map()],
        path="spec.template.spec.containers[0].args",
        bad=["--port", "4000"],
        absent_fails=True,
    ),
    Case(
        rule="AI-26",
        resources=[litellm(), gateway_map()],
        path=_CONFIG,
        bad="something: else",
        absent_fails=True,
        index=1,
        about=0,
    ),
    _config_case("AI-27", "litellm_settings.key_generation_settings", {}),
    Case(
        rule="AI-28",
        resources=[litellm()],
        path=_ENV,
        bad=variables(LITELLM_LOG="DEBUG"),
        absent_fails=False,
    ),
    Case(
        rule="AI-29",
        resources=[envoy_proxy()],
        path="spec.telemetry.accessLog.settings[0].format.text",
        bad="%REQ(AUTHORIZATION)%",
        absent_fails=False,
    ),
    Case(
        rule="AI-29",
        resources=[envoy_proxy()],
        path="spec.logging.level.default",
        bad="debug",
        absent_fails=False,
    ),
    _config_case("AI-30", "model_list[0].model_name", "openai/*"),
    Case(
        rule="AI-30",
        resources=[litellm()],
        path=f"{_ENV}[0].name",
        bad="OPENAI_API_KEY",
        absent_fails=False,
    ),
    Case(
        rule="AI-31",
        resources=[gateway_map(), teams_map(("metadata.external", True))],
        path=_CONFIG,
        bad=config_text(("guardrails", [])),
        absent_fails=False,
    ),
    Case(
        rule="AI-32",
        resources=[*routed(litellm(), paths=("/v1/models",)), sign_in("other")],
        path="spec.rules[0].matches[0].path.value",
        bad="/ui",
        absent_fails=True,
        index=2,
    ),
    Case(
        rule="AI-32",
        resources=[*routed(litellm()), sign_in()],
        path="spec.authorization.defaultAction",
        bad="Allow",
        absent_fails=True,
        index=3,
        about=2,
    ),
    Case(
        rule="AI-33",
        resources=routed(keycloak(), paths=("/realms/lab",)),
        path="spec.rules[0].matches[0].path.value",
        bad="/admin",
        absent_fails=True,
        index=2,
    ),
    Case(
        rule="AI-34",
        resources=[qdrant()],
        path=_ENV,
        bad=variables(QDRANT__TELEMETRY_DISABLED="false"),
        absent_fails=True,
    ),
    Case(
        rule="AI-34",
        resources=[monitoring_chart()],
        path='values.grafana["grafana.ini"].analytics.reporting_enabled',
        bad=True,
        absent_fails=True,
    ),
    Case(
        rule="AI-35",
        resources=[text_map("cache", valkey__conf="port 6379\ninclude /etc/valkey-secret/password.conf\n")],
        path='data["valkey.conf"]',
        bad="port 6379\n",
        absent_fails=False,
    ),
    Case(
        rule="AI-35",
        resources=[server("cache", "docker.io/valkey/valkey:9.1.1", command=["valkey-server", "/etc/valkey.conf"])],
        path="spec.template.spec.containers[0].command",
        bad=["valkey-server"],
        absent_fails=True,
    ),
    Case(
        rule="AI-36",
        resources=_archive(),
        path="spec.configuration.endpointURL",
        bad="https://s3.example.org",
        absent_fails=True,
    ),
    Case(
        rule="AI-37",
        resources=[realm_map()],
        path='data["realm.json"]',
        bad=json.dumps(changed(REALM, ("bruteForceProtected", False))),
        absent_fails=False,
    ),
    Case(
        rule="AI-38",
        resources=[realm_map()],
        path='data["realm.json"]',
        bad=json.dumps(changed(REALM, ("clients[0].redirectUris[0]", "https://console.example.org/*"))),
        absent_fails=False,
    ),
    Case(
        rule="AI-39",
        resources=[monitoring_chart()],
        path='values.grafana["grafana.ini"]["auth.generic_oauth"].enabled',
        bad=False,
        absent_fails=True,
    ),
    Case(
        rule="AI-39",
        resources=[monitoring_chart()],
        path="values.grafana.admin.existingSecret",
        bad="",
        absent_fails=True,
    ),
    _config_case("AI-45", "litellm_settings.cache_params.semantic_cache_scope", "global"),
    Case(
        rule="AI-46",
        resources=[teams_map()],
        path=_TEAMS,
        bad=teams_text(("metadata.disable_global_guardrails", True)),
        absent_fails=False,
    ),
    _config_case("AI-47", "general_settings.store_model_in_db", True),
]
