"""The gateway, its data stores and the realm as the rules want them; tests break them one value at a time."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import yaml

from policies.findings import Result
from tests.policies.cases import judged, put, remove
from tests.policies.objects import Json, container, deployment, http_route, pod_spec, resource, service

ABSENT = object()
"""Instead of a value: the member is not there."""

PRICE = {"input_cost_per_token": 0.000001, "output_cost_per_token": 0.000002}


def own_model(name: str, mode: str = "chat", price: Mapping[str, float] | None = None, context: int = 1000) -> Json:
    """A model of the platform's own, as an entry of LiteLLM's model list."""
    address = f"http://{name}.models.svc.cluster.local:8000/v1"
    parameters = {"model": f"hosted_vllm/{name}", "api_base": address, "api_key": "os.environ/MODEL_KEY"}
    return {
        "model_name": name,
        "litellm_params": parameters | dict(PRICE if price is None else price),
        "model_info": {"mode": mode, "max_input_tokens": context},
    }


def external_model(name: str = "outside", **information: Any) -> Json:
    """A model of a provider."""
    return {
        "model_name": name,
        "litellm_params": {"model": "openai/gpt", "api_key": "os.environ/EXTERNAL_KEY_OUTSIDE", **PRICE},
        "model_info": {"mode": "chat", **information},
    }


def cascade(name: str = "auto", simple: str = "small", default: str = "small") -> Json:
    """A name answered by one of several others."""
    parameters = {
        "model": "auto_router/complexity_router",
        "complexity_router_config": {"tiers": {"SIMPLE": simple}},
        "complexity_router_default_model": default,
    }
    return {"model_name": name, "litellm_params": parameters}


CONFIG: Json = {
    "model_list": [
        own_model("small"),
        own_model("large", context=2000),
        own_model("vectors", "embedding", {"input_cost_per_token": 0.000001}),
        own_model("speech", "audio_transcription", {"input_cost_per_second": 0.000001}),
        cascade(),
    ],
    "router_settings": {
        "model_group_alias": {"assistant": "small", "hidden": {"model": "large", "hidden": True}},
        "fallbacks": [{"small": ["large"]}],
    },
    "litellm_settings": {
        "callbacks": ["prometheus", "own_calls.count"],
        "turn_off_message_logging": True,
        "key_generation_settings": {"personal_key_generation": {"allowed_user_roles": ["proxy_admin"]}},
        "cache": True,
        "cache_params": {
            "type": "qdrant-semantic",
            "semantic_cache_scope": "key",
            "qdrant_api_base": "os.environ/VECTORS_URL",
        },
    },
    "general_settings": {
        "master_key": "os.environ/LITELLM_MASTER_KEY",
        "database_url": "os.environ/DATABASE_URL",
        "store_model_in_db": False,
        "store_prompts_in_spend_logs": False,
        "custom_auth": "own_auth.check",
        "custom_auth_run_common_checks": True,
    },
    "callback_settings": {"otel": {"message_logging": False}},
    "guardrails": [
        {"guardrail_name": "filter", "litellm_params": {"guardrail": "f", "mode": "pre_call", "default_on": True}}
    ],
}

TEAM: Json = {
    "team_id": "lab",
    "models": ["small"],
    "rpm_limit": 60,
    "tpm_limit": 60000,
    "max_budget": 50.0,
    "budget_duration": "1mo",
    "metadata": {"data-class": "internal"},
}

REALM: Json = {
    "realm": "lab",
    "sslRequired": "external",
    "registrationAllowed": False,
    "passwordPolicy": "length(12) and notUsername(undefined)",
    "bruteForceProtected": True,
    "eventsEnabled": True,
    "adminEventsEnabled": True,
    "clients": [
        {
            "clientId": "console",
            "enabled": True,
            "publicClient": False,
            "standardFlowEnabled": True,
            "implicitFlowEnabled": False,
            "directAccessGrantsEnabled": False,
            "redirectUris": ["https://console.example.org/callback", "http://localhost:8080/callback"],
            "webOrigins": ["https://console.example.org"],
            "attributes": {"pkce.code.challenge.method": "S256"},
        },
        {"clientId": "device", "publicClient": True, "standardFlowEnabled": False},
    ],
}


def changed(document: Json, *changes: tuple[str, Any]) -> Json:
    """A copy of `document` with other values at the given paths."""
    made = copy.deepcopy(document)
    for path, value in changes:
        if value is ABSENT:
            remove(made, path)
        else:
            put(made, path, value)
    return made


def text_map(name: str, space: str = "gateway", **data: str) -> Json:
    """A ConfigMap; `__` in a name of its entries stands for a dot."""
    entries = {key.replace("__", "."): text for key, text in data.items()}
    return resource("core/v1:ConfigMap", {"metadata": {"name": name, "namespace": space}, "data": entries})


def added_models(*models: Json) -> tuple[str, Any]:
    """The change that adds models to the model list."""
    return "model_list", [*CONFIG["model_list"], *models]


def config_text(*changes: tuple[str, Any]) -> str:
    return yaml.safe_dump(changed(CONFIG, *changes))


def gateway_map(*changes: tuple[str, Any]) -> Json:
    """The ConfigMap of LiteLLM's configuration."""
    return text_map("litellm-config", config__yaml=config_text(*changes), own_calls__py="count = 1\n")


def teams_text(*changes: tuple[str, Any]) -> str:
    return json.dumps([changed(TEAM, *changes)])


def teams_map(*changes: tuple[str, Any]) -> Json:
    """The ConfigMap of one team."""
    return text_map("teams", teams__json=teams_text(*changes))


def realm_map(*changes: tuple[str, Any]) -> Json:
    """The ConfigMap of the realm."""
    return text_map("realm", "identity", realm__json=json.dumps(changed(REALM, *changes)))


def variables(*names: str, **values: str) -> list[Json]:
    """Environment: `names` come from a Secret, `values` are written out."""
    secret = [{"name": name, "valueFrom": {"secretKeyRef": {"name": "keys", "key": name}}} for name in names]
    return [*secret, *({"name": name, "value": value} for name, value in values.items())]


def server(
    name: str,
    image: str,
    space: str = "data",
    *,
    environment: list[Json] | None = None,
    args: list[str] | None = None,
    command: list[str] | None = None,
) -> Json:
    """A Deployment of one server."""
    made = container(name=name, image=image, env=environment or [])
    made |= {"args": args} if args is not None else {}
    made |= {"command": command} if command is not None else {}
    return deployment(name, space, "server", pod_spec(containers=[made]))


def litellm(*changes: tuple[str, Any]) -> Json:
    """The gateway's servers, which read `gateway_map`."""
    made = container(
        name="litellm",
        image="ghcr.io/berriai/litellm:v1.106.2",
        args=["--config", "/etc/litellm/config.yaml"],
        env=variables("LITELLM_MASTER_KEY", LITELLM_LOCAL_MODEL_COST_MAP="True"),
        volumeMounts=[{"name": "config", "mountPath": "/etc/litellm"}],
    )
    spec = pod_spec(containers=[made], volumes=[{"name": "config", "configMap": {"name": "litellm-config"}}])
    found = deployment("litellm", "gateway", "gateway", spec)
    found["inputs"] = changed(found["inputs"], *changes)
    return found


def qdrant(*environment: Json) -> Json:
    keys = variables(
        "QDRANT__SERVICE__API_KEY",
        "QDRANT__SERVICE__READ_ONLY_API_KEY",
        QDRANT__SERVICE__ENABLE_SNAPSHOT_URL_RECOVERY="false",
        QDRANT__TELEMETRY_DISABLED="true",
    )
    return server("vectors", "docker.io/qdrant/qdrant:v1.20.0", environment=[*keys, *environment])


def seaweedfs(*args: str) -> Json:
    own = ["server", "-s3=true", "-s3.config=/etc/identities.json", "-s3.iam=false", "-master.telemetry=false"]
    return server("objects", "docker.io/chrislusf/seaweedfs:4.44", args=[*own, *args])


def minio(*environment: Json) -> Json:
    own = variables("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD", MINIO_UPDATE="off")
    return server("objects", "docker.io/minio/minio:RELEASE.2026-01-01T00-00-00Z", environment=[*own, *environment])


def keycloak(*environment: Json, args: tuple[str, ...] = ("start", "--optimized")) -> Json:
    own = variables("KC_BOOTSTRAP_ADMIN_PASSWORD", KC_HOSTNAME="https://auth.example.org")
    image = "quay.io/keycloak/keycloak:26.8.2"
    return server("keycloak", image, "identity", environment=[*own, *environment], args=list(args))


def routed(workload: Json, *matches: Json, kind: str = "PathPrefix", paths: tuple[str, ...] = ()) -> list[Json]:
    """A workload, its Service, and an HTTPRoute to it by `paths` (or by `matches` as they are)."""
    where = workload["inputs"]["metadata"]
    route = http_route(where["name"], where["namespace"])
    found = [*matches, *({"path": {"type": kind, "value": path}} for path in paths)]
    if found:
        route["inputs"]["spec"]["rules"][0]["matches"] = found
    return [workload, service(where["name"], where["namespace"]), route]


def sign_in(name: str = "route", space: str = "gateway", **changes: Any) -> Json:
    """A SecurityPolicy that asks who comes before the route."""
    spec = {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": name}],
        "oidc": {"clientID": "gateway"},
        "authorization": {"defaultAction": "Deny"},
    }
    inputs = {"metadata": {"name": "console", "namespace": space}, "spec": spec | changes}
    return resource("gateway.envoyproxy.io/v1alpha1:SecurityPolicy", inputs)


def envoy_proxy(**spec: Any) -> Json:
    settings = [{"format": {"type": "Text", "text": "%RESPONSE_CODE% %DURATION%"}}]
    own = {"logging": {"level": {"default": "warn"}}, "telemetry": {"accessLog": {"settings": settings}}}
    inputs = {"metadata": {"name": "edge", "namespace": "gateway"}, "spec": own | spec}
    return resource("gateway.envoyproxy.io/v1alpha1:EnvoyProxy", inputs)


GRAFANA_INI: Json = {
    "analytics": {"reporting_enabled": False, "check_for_updates": False, "check_for_plugin_updates": False},
    "auth.generic_oauth": {"enabled": True, "role_attribute_strict": True},
}


def monitoring_chart(*changes: tuple[str, Any], chart: str = "kube-prometheus-stack") -> Json:
    """The chart that brings Grafana; changes are to Grafana's values."""
    grafana = changed({"grafana.ini": GRAFANA_INI, "admin": {"existingSecret": "grafana-admin"}}, *changes)
    values = grafana if chart.endswith("/grafana") else {"grafana": grafana}
    return resource("helm.sh/v4:Chart", {"chart": chart, "namespace": "observability", "values": values}, name="chart")


def alerts(*expressions: str) -> Json:
    rules = [{"alert": f"Alert{number}", "expr": text} for number, text in enumerate(expressions)]
    inputs = {
        "metadata": {"name": "alerts", "namespace": "observability"},
        "spec": {"groups": [{"name": "all", "rules": rules}]},
    }
    return resource("monitoring.coreos.com/v1:PrometheusRule", inputs)


def broken_at(rule: str, *resources: Json) -> list[str]:
    """Paths of what a rule finds wrong; nothing may stay undecided."""
    findings = judged(list(resources), rule).findings
    assert all(finding.result is Result.FAIL for finding in findings)
    return [finding.path for finding in findings]
