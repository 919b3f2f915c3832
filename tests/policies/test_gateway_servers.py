"""Rules about the gateway's pods, its edge and its console (AI-24, AI-26, AI-28 to AI-30, AI-32, AI-34)."""

from __future__ import annotations

from typing import Any

import pytest

from policies.findings import Result
from policies.rules.gateway.telemetry import SWITCHES
from tests.policies.cases import UNKNOWN, judged, put
from tests.policies.gateway_objects import (
    ABSENT,
    alerts,
    broken_at,
    envoy_proxy,
    gateway_map,
    litellm,
    monitoring_chart,
    routed,
    seaweedfs,
    server,
    sign_in,
    text_map,
    variables,
)
from tests.policies.objects import Json, deployment, pod_spec, resource

POD = "spec.template.spec"
CONTAINER = f"{POD}.containers[0]"

FOLDER = {"name": "config", "mountPath": "/etc/litellm"}
ONE_FILE = {"name": "config", "mountPath": "/etc/litellm/config.yaml", "subPath": "config.yaml"}
ITEMS = {
    "name": "config",
    "configMap": {"name": "litellm-config", "items": [{"key": "config.yaml", "path": "in/c.yaml"}]},
}

READABLE: list[tuple[str, Any]] = [
    (f"{CONTAINER}.args", ["--config=/etc/litellm/config.yaml"]),
    (f"{CONTAINER}.args", ["--port", "4000", "--config", "/etc/litellm/config.yaml"]),
    (f"{CONTAINER}.volumeMounts[0].mountPath", "/etc/litellm/"),
    (f"{CONTAINER}.volumeMounts", [ONE_FILE]),
    (f"{CONTAINER}.image", "registry.example.org/litellm-database:v1"),
]

UNREADABLE: list[tuple[str, Any]] = [
    (f"{CONTAINER}.args", ABSENT),
    (f"{CONTAINER}.args", ["--config"]),
    (f"{CONTAINER}.args", ["--config", "/etc/other/config.yaml"]),
    (f"{CONTAINER}.args", ["--config", "/etc/litellm-other/config.yaml"]),
    (f"{CONTAINER}.args", ["--config", "/etc/litellm/other.yaml"]),
    (f"{CONTAINER}.args", ["--config", "/etc/litellm/config.yaml", "--config=/etc/litellm/other.yaml"]),
    (f"{CONTAINER}.args", ["--config", "/etc/litellm/config.yaml", "-c", "/tmp/config.yaml"]),
    (f"{CONTAINER}.volumeMounts[0].subPath", "folder"),
    (f"{CONTAINER}.volumeMounts", [FOLDER, ONE_FILE | {"name": "hidden"}]),
    (f"{POD}.volumes[0]", ITEMS),
    (f"{CONTAINER}.volumeMounts", ABSENT),
    (f"{CONTAINER}.volumeMounts[0].name", "other"),
    (f"{POD}.volumes[0].name", "other"),
    (f"{POD}.volumes[0].configMap.name", "other"),
    (f"{POD}.volumes[0]", {"name": "config", "secret": {"secretName": "litellm-config"}}),
]


@pytest.mark.parametrize("change", READABLE)
def test_the_gateway_reads_a_file_that_the_rules_see(change: tuple[str, Any]) -> None:
    assert broken_at("AI-26", litellm(change), gateway_map()) == []


@pytest.mark.parametrize("change", UNREADABLE)
def test_the_gateway_reads_no_other_file(change: tuple[str, Any]) -> None:
    assert broken_at("AI-26", litellm(change), gateway_map()) == [CONTAINER]


def test_the_file_is_in_the_namespace_of_the_gateway_and_holds_its_configuration() -> None:
    elsewhere = gateway_map()
    elsewhere["inputs"]["metadata"]["namespace"] = "other"
    assert broken_at("AI-26", litellm(), elsewhere) == [CONTAINER]
    assert broken_at("AI-26", litellm()) == [CONTAINER]
    assert broken_at("AI-26", litellm(), text_map("litellm-config", config__txt="model_list: []")) == [CONTAINER]


def test_the_gateway_reads_the_very_file_that_is_judged() -> None:
    """Another entry of the same ConfigMap would be read unjudged."""
    both = gateway_map()
    both["inputs"]["data"]["other.txt"] = both["inputs"]["data"]["config.yaml"]
    assert broken_at("AI-26", litellm((f"{CONTAINER}.args", ["--config", "/etc/litellm/other.txt"])), both) == [
        CONTAINER
    ]
    moved = litellm((f"{POD}.volumes[0]", ITEMS), (f"{CONTAINER}.args", ["--config", "/etc/litellm/in/c.yaml"]))
    assert broken_at("AI-26", moved, both) == []


@pytest.mark.parametrize(
    "name", ["LITELLM_CONFIG_BUCKET_NAME", "CONFIG_FILE_PATH", "WORKER_CONFIG", "STORE_MODEL_IN_DB"]
)
def test_the_gateway_takes_no_configuration_from_elsewhere(name: str) -> None:
    found = litellm((f"{CONTAINER}.env", [{"name": name, "value": "x"}]))
    assert broken_at("AI-26", found, gateway_map()) == [f"{CONTAINER}.env[0].name"]


def test_the_variables_of_the_gateway_are_written_out() -> None:
    found = litellm((f"{CONTAINER}.envFrom", [{"secretRef": {"name": "more"}}]))
    assert broken_at("AI-26", found, gateway_map()) == [f"{CONTAINER}.envFrom"]
    assert broken_at("AI-26", litellm((f"{CONTAINER}.envFrom", [])), gateway_map()) == []


def test_jobs_and_init_containers_of_the_gateway_are_no_servers() -> None:
    spec = pod_spec(initContainers=[{"name": "copy", "image": "ghcr.io/berriai/litellm:v1"}])
    job = resource("batch/v1:Job", litellm((f"{CONTAINER}.args", ABSENT))["inputs"])
    assert broken_at("AI-26", job, deployment(spec=spec)) == []


TALKATIVE = [
    ("LITELLM_LOG", "DEBUG"),
    ("LITELLM_LOG", "debug"),
    ("VLLM_LOGGING_LEVEL", "DEBUG"),
    ("STORE_PROMPTS_IN_SPEND_LOGS", "true"),
    ("STORE_PROMPTS_IN_SPEND_LOGS", "1"),
    ("VLLM_DEBUG_LOG_API_SERVER_RESPONSE", "yes"),
    ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "on"),
]


@pytest.mark.parametrize(("name", "value"), TALKATIVE)
def test_no_variable_makes_a_log_hold_prompts(name: str, value: str) -> None:
    found = deployment(spec=pod_spec(containers=[{"name": "a", "env": variables(**{name: value})}]))
    assert broken_at("AI-28", found) == [f"{CONTAINER}.env[0].value"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("LITELLM_LOG", "INFO"), ("LITELLM_LOG", "1"), ("STORE_PROMPTS_IN_SPEND_LOGS", "false"), ("OTHER", "DEBUG")],
)
def test_other_values_are_fine(name: str, value: str) -> None:
    found = deployment(spec=pod_spec(containers=[{"name": "a", "env": variables("LITELLM_LOG", **{name: value})}]))
    assert broken_at("AI-28", found) == []


@pytest.mark.parametrize("part", ["command", "args"])
@pytest.mark.parametrize(
    "word",
    [
        "--enable-log-requests",
        "--enable-log-outputs=true",
        "--detailed_debug",
        "exec vllm serve m --enable-log-requests --port 1",
    ],
)
def test_no_flag_makes_a_log_hold_prompts(part: str, word: str) -> None:
    found = deployment(spec=pod_spec(containers=[{"name": "a", part: ["vllm", word]}]))
    assert broken_at("AI-28", found) == [f"{CONTAINER}.{part}[1]"]
    quiet = deployment(spec=pod_spec(containers=[{"name": "a", part: ["vllm", "--no-enable-log-requests"]}]))
    assert broken_at("AI-28", quiet) == []


PRINTED = [
    "%REQ(AUTHORIZATION)%",
    "%req(cookie)%",
    "%RESP(Set-Cookie)%",
    "%REQ(X-API-KEY)%",
    "%REQ(x-litellm-api-key)%",
    "%REQ(api-key):20%",
    "%REQ(authorization?user-agent)%",
    "%REQ(user-agent?authorization)%",
]


def _logging(**form: Any) -> Json:
    return envoy_proxy(telemetry={"accessLog": {"settings": [{"format": form}]}})


@pytest.mark.parametrize("text", PRINTED)
def test_the_edge_prints_no_credential(text: str) -> None:
    place = "spec.telemetry.accessLog.settings[0].format"
    assert broken_at("AI-29", _logging(type="Text", text=f"a {text} b")) == [f"{place}.text"]
    assert broken_at("AI-29", _logging(type="JSON", json={"path": "%REQ(:PATH)%", "x": text})) == [f"{place}.json.x"]


@pytest.mark.parametrize("text", ["%REQ(USER-AGENT)%", "%REQ(AUTHORIZATION-KIND)%", "authorization", "%REQ(X-COOKIE)%"])
def test_the_edge_may_print_other_headers(text: str) -> None:
    assert broken_at("AI-29", _logging(type="Text", text=text)) == []


@pytest.mark.parametrize("level", ["debug", "trace"])
def test_the_edge_logs_no_details(level: str) -> None:
    found = envoy_proxy(logging={"level": {"default": "info", "http": level}})
    assert broken_at("AI-29", found) == ["spec.logging.level.http"]


@pytest.mark.parametrize("kind", ["EnvoyExtensionPolicy", "EnvoyPatchPolicy"])
def test_no_code_is_put_into_the_proxies(kind: str) -> None:
    inputs = {"metadata": {"name": "lua", "namespace": "gateway"}, "spec": {}}
    assert broken_at("AI-29", resource(f"gateway.envoyproxy.io/v1alpha1:{kind}", inputs)) == ["kind"]


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "AWS_BEARER_TOKEN_BEDROCK", "GOOGLE_APPLICATION_CREDENTIALS"]
)
def test_no_container_has_a_key_for_every_model_of_a_provider(name: str) -> None:
    assert broken_at("AI-30", litellm((f"{CONTAINER}.env[0].name", name))) == [f"{CONTAINER}.env[0].name"]
    assert broken_at("AI-30", litellm((f"{CONTAINER}.env[0].name", f"EXTERNAL_{name}"))) == []


CONSOLE_RULE = "spec.rules[0]"


@pytest.mark.parametrize("path", ["/v1", "/v1/chat/completions", "/health/liveliness", "/health/readiness"])
def test_clients_may_reach_the_api(path: str) -> None:
    assert broken_at("AI-32", *routed(litellm(), paths=(path,))) == []


@pytest.mark.parametrize("path", ["/", "/ui", "/key/generate", "/v10", "/health", "/v1beta"])
def test_the_rest_of_the_gateway_is_behind_a_sign_in(path: str) -> None:
    found = routed(litellm(), paths=("/v1/models", path))
    assert broken_at("AI-32", *found) == [f"{CONSOLE_RULE}.matches[1].path"]
    assert broken_at("AI-32", *found, sign_in()) == []


def test_a_pattern_and_a_missing_path_count_as_everything() -> None:
    assert broken_at("AI-32", *routed(litellm(), kind="RegularExpression", paths=("/v1/.*",))) == [
        f"{CONSOLE_RULE}.matches[0].path"
    ]
    header = {"headers": [{"name": "a", "value": "b"}]}
    assert broken_at("AI-32", *routed(litellm(), header)) == [f"{CONSOLE_RULE}.matches[0]"]
    assert broken_at("AI-32", *routed(litellm(), {"path": {"type": "PathPrefix"}})) == [
        f"{CONSOLE_RULE}.matches[0].path"
    ]
    assert broken_at("AI-32", *routed(litellm())) == [CONSOLE_RULE]


@pytest.mark.parametrize(
    "policy",
    [
        sign_in("other"),
        sign_in(space="other"),
        sign_in(oidc=None),
        sign_in(authorization={"defaultAction": "Allow"}),
        sign_in(targetRefs=[{"kind": "Gateway", "name": "route"}]),
    ],
)
def test_a_sign_in_is_before_that_route_and_denies_by_default(policy: Json) -> None:
    assert broken_at("AI-32", *routed(litellm()), policy) == [CONSOLE_RULE]


def test_a_sign_in_may_name_its_route_alone() -> None:
    policy = sign_in(targetRefs=None, targetRef={"kind": "HTTPRoute", "name": "route"})
    assert broken_at("AI-32", *routed(litellm()), policy) == []


def test_routes_to_others_are_left_alone() -> None:
    workload, own_service, route = routed(deployment("app", "gateway"))
    assert broken_at("AI-32", workload, own_service, route, litellm()) == []
    assert broken_at("AI-32", litellm(), route) == []
    elsewhere = routed(litellm())
    elsewhere[1]["inputs"]["metadata"]["namespace"] = "other"
    assert broken_at("AI-32", *elsewhere) == []
    unselected = routed(litellm())
    unselected[1]["inputs"]["spec"]["selector"] = {}
    assert broken_at("AI-32", *unselected) == []
    moved = routed(litellm())
    moved[0]["inputs"]["metadata"]["namespace"] = "other"
    assert broken_at("AI-32", *moved) == []
    empty = routed(litellm())
    empty[2]["inputs"]["spec"]["rules"][0]["backendRefs"] = [None]
    assert broken_at("AI-32", *empty) == []


def test_a_route_may_lead_to_another_namespace() -> None:
    found = routed(litellm())
    found[2]["inputs"]["metadata"]["namespace"] = "other"
    assert broken_at("AI-32", *found) == []
    found[2]["inputs"]["spec"]["rules"][0]["backendRefs"][0]["namespace"] = "gateway"
    assert broken_at("AI-32", *found) == [CONSOLE_RULE]


@pytest.mark.parametrize(
    ("token", "spec", "path"),
    [
        (
            "networking.k8s.io/v1:Ingress",
            {"defaultBackend": {"service": {"name": "litellm"}}},
            "spec.defaultBackend.service",
        ),
        (
            "gateway.networking.k8s.io/v1:TCPRoute",
            {"rules": [{"backendRefs": [{"name": "litellm"}]}]},
            "spec.rules[0].backendRefs[0]",
        ),
        (
            "traefik.io/v1alpha1:IngressRoute",
            {"routes": [{"services": [{"name": "litellm"}]}]},
            "spec.routes[0].services[0]",
        ),
    ],
)
def test_other_kinds_of_routes_cannot_ask_for_a_sign_in(token: str, spec: Json, path: str) -> None:
    workload, own_service, _ = routed(litellm())
    other = resource(token, {"metadata": {"name": "other", "namespace": "gateway"}, "spec": spec})
    assert broken_at("AI-32", workload, own_service, other) == [path]
    patch = resource(f"{token}Patch", {"metadata": {"name": "other", "namespace": "gateway"}, "spec": spec})
    assert broken_at("AI-32", workload, own_service, patch) == [path]


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.image)
def test_every_server_is_told_not_to_report(switch: Any) -> None:
    image = f"registry.example.org/{switch.image}:v1"
    for value in switch.values:
        told = server("a", image, environment=variables(**{switch.variable: value.upper()}))
        assert broken_at("AI-34", told) == []
    assert broken_at("AI-34", server("a", image)) == [f"{CONTAINER}.env.{switch.variable}.value"]
    for other in ({switch.variable: "no"}, {"OTHER": switch.values[0]}):
        assert len(broken_at("AI-34", server("a", image, environment=variables(**other)))) == 1


@pytest.mark.parametrize(
    ("image", "variable", "value"),
    [
        ("vllm-openai-audio", "DO_NOT_TRACK", "1"),
        ("vllm-openai", "DO_NOT_TRACK", "true"),
        ("qdrant", "QDRANT__TELEMETRY_DISABLED", "true"),
        ("minio", "MINIO_UPDATE", "off"),
        ("litellm", "LITELLM_LOCAL_MODEL_COST_MAP", "true"),
    ],
)
def test_the_switch_of_each_server_is_its_makers(image: str, variable: str, value: str) -> None:
    assert broken_at("AI-34", server("a", f"r.org/{image}@sha256:1", environment=variables(**{variable: value}))) == []
    assert len(broken_at("AI-34", server("a", f"r.org/{image}@sha256:1"))) == 1


def test_the_last_variable_of_a_name_counts() -> None:
    twice = [*variables(MINIO_UPDATE="on"), *variables(MINIO_UPDATE="off")]
    assert broken_at("AI-34", server("a", "minio", environment=twice)) == []
    assert broken_at("AI-34", server("a", "minio", environment=twice[::-1])) == [f"{CONTAINER}.env[1].value"]


@pytest.mark.parametrize("flag", ["-master.telemetry=true", "-master.telemetry", "-telemetry=true", "--telemetry"])
def test_seaweedfs_does_not_report(flag: str) -> None:
    assert broken_at("AI-34", seaweedfs(flag)) == [f"{CONTAINER}.args[5]"]
    assert broken_at("AI-34", seaweedfs("-telemetry=False", "-other.telemetry=true")) == []


ANALYTICS = ("reporting_enabled", "check_for_updates", "check_for_plugin_updates")


@pytest.mark.parametrize("setting", ANALYTICS)
@pytest.mark.parametrize("value", [True, ABSENT])
def test_grafana_does_not_call_home(setting: str, value: object) -> None:
    path = f'["grafana.ini"].analytics.{setting}'
    found = broken_at("AI-34", monitoring_chart((path, value)))
    assert found == [f'values.grafana["grafana.ini"].analytics.{setting}']
    alone = "oci://ghcr.io/grafana/helm-charts/grafana"
    assert len(broken_at("AI-34", monitoring_chart((path, value), chart=alone))) == 1


def test_grafanas_own_file_is_read_where_the_chart_is_rendered() -> None:
    silent = "[analytics]\n" + "".join(f"{setting} = FALSE\n" for setting in ANALYTICS)
    assert broken_at("AI-34", text_map("grafana", grafana__ini=silent)) == []
    loud = silent.replace("FALSE", "true", 1)
    assert broken_at("AI-34", text_map("grafana", grafana__ini=loud)) == [
        'data["grafana.ini"].analytics.reporting_enabled'
    ]
    assert broken_at("AI-34", text_map("grafana", grafana__ini="no ini")) == ['data["grafana.ini"]']
    assert broken_at("AI-34", text_map("other", other__ini="no ini")) == []
    secret = resource("core/v1:Secret", {"metadata": {"name": "a"}, "data": {"grafana.ini": loud}})
    assert broken_at("AI-34", secret) == []


def test_charts_without_grafana_are_left_alone() -> None:
    assert broken_at("AI-34", monitoring_chart(("enabled", False), ('["grafana.ini"]', {}))) == []
    assert broken_at("AI-34", monitoring_chart(('["grafana.ini"]', {}), chart="keda")) == []
    hidden = monitoring_chart(('["grafana.ini"]', {}))
    hidden["inputs"] = {}
    # Under the engine the arguments of a chart do not show; the objects that it makes do.
    assert broken_at("AI-34", hidden) == []


def _model_server(name: str = "model") -> Json:
    return server(name, "docker.io/vllm/vllm-openai:v1", "models")


METRICS = {
    "vllm-openai": ("DCGM_FI_DEV_XID_ERRORS", "vllm:kv_cache_usage_perc", "vllm:num_requests_waiting"),
    "litellm": ("litellm_remaining_team_budget_metric", "litellm_proxy_total_requests_metric"),
}
ALL_METRICS = [metric for metrics in METRICS.values() for metric in metrics]


def test_every_signal_raises_an_alert() -> None:
    servers = (litellm(), _model_server(), _model_server("second"))
    watched = alerts(*(f"sum({metric}) > 1" for metric in ALL_METRICS))
    assert broken_at("AI-24", *servers, watched) == []
    for missing in ALL_METRICS:
        some = alerts(*(f"sum({metric}) > 1" for metric in ALL_METRICS if metric != missing))
        assert len(broken_at("AI-24", *servers, some)) == 1


@pytest.mark.parametrize("image", METRICS)
def test_only_what_runs_is_watched(image: str) -> None:
    found = judged([server("a", image), server("b", image)], "AI-24").findings
    assert len(found) == len(METRICS[image])
    assert {finding.urn for finding in found} == {server("a", image)["urn"]}
    assert {finding.path for finding in found} == {"metadata.name"}
    assert broken_at("AI-24", deployment()) == []


def test_a_recording_rule_raises_no_alert() -> None:
    recorded = alerts("litellm_remaining_team_budget_metric", "litellm_proxy_total_requests_metric")
    rule = recorded["inputs"]["spec"]["groups"][0]["rules"][0]
    rule["record"] = rule.pop("alert")
    assert len(broken_at("AI-24", litellm(), recorded)) == 1


def test_a_server_that_is_perhaps_a_model_leaves_the_alerts_undecided() -> None:
    unknown = server("a", "x")
    put(unknown["inputs"], f"{CONTAINER}.image", UNKNOWN)
    assert {item.result for item in judged([unknown], "AI-24").findings} == {Result.UNDECIDED}
    both = judged([unknown, litellm()], "AI-24").findings
    assert {item.result for item in both} == {Result.UNDECIDED, Result.FAIL}
