from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from components.base import pins
from components.base.handles import ImageRegistry
from components.inference_gateway import LITELLM, config_size
from tests.components.gateway_program import build_gateway, gateway_model, sign_in
from tests.components.surroundings import Built
from tools.render import wire

KINDS = {
    "BackendTrafficPolicy",
    "Certificate",
    "ClientTrafficPolicy",
    "ConfigMap",
    "Deployment",
    "EnvoyProxy",
    "Gateway",
    "GatewayClass",
    "HTTPRoute",
    "HTTPRouteFilter",
    "HorizontalPodAutoscaler",
    "Issuer",
    "Job",
    "PodDisruptionBudget",
    "Secret",
    "SecurityPolicy",
    "Service",
    "ServiceAccount",
    "StatefulSet",
}


@pytest.fixture(scope="module")
def built() -> Built:
    return build_gateway()


def litellm_pod(built: Built) -> Any:
    return built.one("Deployment", "litellm")["spec"]["template"]["spec"]


def environment(container: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container["env"]}


def resource(built: Built, kind: str, name: str) -> Any:
    [found] = [item for item in built.rendered.resources if item.type.endswith(f":{kind}") and item.name == name]
    return found


def test_the_gateway_consists_of_these_kinds(built: Built) -> None:
    assert built.kinds == KINDS


def test_every_object_is_in_the_gateways_namespace(built: Built) -> None:
    namespaces = {
        item.inputs["metadata"].get("namespace")
        for item in built.rendered.objects
        if item.inputs["kind"] != "GatewayClass"
    }
    assert namespaces == {"gateway"}


def test_the_autoscaler_alone_decides_how_many_pods_run(built: Built) -> None:
    assert "replicas" not in built.one("Deployment", "litellm")["spec"]
    spec = built.one("HorizontalPodAutoscaler")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 20)
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "litellm"}
    [metric] = spec["metrics"]
    assert metric["resource"]["target"] == {"type": "Utilization", "averageUtilization": 60}


def test_pods_mount_the_configuration_that_lists_every_model(built: Built) -> None:
    volumes = {volume["name"]: volume for volume in litellm_pod(built)["volumes"]}
    config = built.one("ConfigMap", volumes["config"]["configMap"]["name"])
    made = yaml.safe_load(config["data"]["config.yaml"])
    assert [entry["model_name"] for entry in made["model_list"]] == ["qwen3-8b", "qwen3-32b", "bge-m3"]
    assert made["router_settings"]["redis_host"] == "counters.gateway.svc.cluster.local"


def test_every_variable_that_the_configuration_names_is_set_in_the_pod(built: Built) -> None:
    volumes = {volume["name"]: volume for volume in litellm_pod(built)["volumes"]}
    text = built.one("ConfigMap", volumes["config"]["configMap"]["name"])["data"]["config.yaml"]
    named = {line.rsplit("os.environ/", 1)[1] for line in text.splitlines() if "os.environ/" in line}
    assert named
    assert named <= set(environment(litellm_pod(built)["containers"][0]))


def test_every_secret_variable_refers_to_a_key_that_its_secret_has(built: Built) -> None:
    secrets = {item["metadata"]["name"]: set(item["stringData"]) for item in built.objects("Secret")}
    pods = [
        item["spec"]["template"]["spec"]
        for kind in ("Deployment", "Job", "StatefulSet")
        for item in built.objects(kind)
    ]
    references = [
        entry["valueFrom"]["secretKeyRef"]
        for pod in pods
        for container in pod["containers"]
        for entry in container["env"]
        if "valueFrom" in entry
    ]
    assert len(references) > 10
    for reference in references:
        assert reference["key"] in secrets[reference["name"]], reference


def test_secrets_stand_in_secrets_only(built: Built) -> None:
    leaks = [
        (item.urn, path)
        for item in built.rendered.objects
        if item.inputs["kind"] != "Secret"
        for path in wire.secret_paths(item.inputs)
    ]
    assert leaks == []


def test_the_migration_runs_before_any_pod_serves_and_again_for_another_version(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = built.one("Job", "gateway-litellm-migration")
    [container] = job["spec"]["template"]["spec"]["containers"]
    [server] = litellm_pod(built)["containers"]
    assert container["command"] == ["python", "litellm/proxy/prisma_migration.py"]
    assert container["image"] == server["image"]
    assert environment(container)["DISABLE_SCHEMA_UPDATE"] == "false"
    assert environment(server)["DISABLE_SCHEMA_UPDATE"] == "true"
    depends = resource(built, "Deployment", "gateway-litellm-deployment").depends_on
    assert any(urn.endswith(":Job::gateway-litellm-migration") for urn in depends)
    monkeypatch.setattr(pins, "LITELLM", pins.ImagePin(repository="ghcr.io/berriai/litellm", tag="v9"))
    again = build_gateway().one("Job", "gateway-litellm-migration")
    assert again["metadata"]["name"] != job["metadata"]["name"]


def test_jobs_stay_after_they_are_done(built: Built) -> None:
    assert len(built.objects("Job")) == 2
    assert all("ttlSecondsAfterFinished" not in job["spec"] for job in built.objects("Job"))


def test_the_migration_gets_no_key_of_the_gateway(built: Built) -> None:
    job = built.one("Job", "gateway-litellm-migration")
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert [name for name, value in environment(container).items() if isinstance(value, dict)] == ["DATABASE_URL"]


def test_pods_run_as_nobody_on_a_read_only_root_and_write_where_litellm_must(built: Built) -> None:
    pod = litellm_pod(built)
    [container] = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsUser"] > 0
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {"/tmp", "/app/cache", "/app/migrations"}
    # Overriding it would hide the engines that are baked into the image.
    assert "PRISMA_BINARY_CACHE_DIR" not in environment(container)


def test_probes_never_ask_the_models(built: Built) -> None:
    [container] = litellm_pod(built)["containers"]
    paths = {kind: container[kind]["httpGet"]["path"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {
        "startupProbe": "/health/liveliness",
        "livenessProbe": "/health/liveliness",
        "readinessProbe": "/health/readiness",
    }


def test_a_terminating_pod_has_time_to_finish_the_longest_stream(built: Built) -> None:
    pod = litellm_pod(built)
    [container] = pod["containers"]
    drain = int(environment(container)["GRACEFUL_SHUTDOWN_TIMEOUT"])
    leave = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert drain == 1200
    assert pod["terminationGracePeriodSeconds"] >= drain + leave
    proxies = built.one("EnvoyProxy")["spec"]
    assert proxies["shutdown"]["drainTimeout"] == "1200s"


def test_the_counters_never_evict_and_survive_a_restart(built: Built) -> None:
    server = built.one("StatefulSet", "counters")
    volumes = {volume["name"]: volume for volume in server["spec"]["template"]["spec"]["volumes"]}
    config = built.one("ConfigMap", volumes["config"]["configMap"]["name"])
    assert "maxmemory-policy noeviction" in config["data"]["valkey.conf"]
    [claim] = server["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "retained"
    assert resource(built, "StatefulSet", "gateway-counters-server").protect


def test_the_salt_of_stored_credentials_is_guarded_against_deletion(built: Built) -> None:
    assert resource(built, "RandomPassword", "gateway-credentials-salt-key").protect
    assert not resource(built, "RandomPassword", "gateway-credentials-master-key").protect


def test_each_model_has_a_key_that_only_the_gateway_holds(built: Built) -> None:
    assert set(built.result.model_keys) == {"qwen3-8b", "qwen3-32b", "bge-m3"}
    holders = [secret for secret in built.objects("Secret") if "MODEL_KEY_BGE_M3" in secret["stringData"]]
    assert len(holders) == 1
    assert set(holders[0]["stringData"]) == {"MODEL_KEY_QWEN3_8B", "MODEL_KEY_QWEN3_32B", "MODEL_KEY_BGE_M3"}


def test_the_connections_of_the_gateway_are_these(built: Built) -> None:
    assert built.edges == {
        ("external/clients", "gateway/edge-proxy", 10080),
        ("external/clients", "gateway/edge-proxy", 10443),
        ("gateway/edge-proxy", "gateway/envoy-gateway", 18000),
        ("gateway/edge-proxy", "gateway/envoy-ratelimit", 8081),
        ("gateway/envoy-ratelimit", "gateway/envoy-gateway", 18001),
        ("gateway/envoy-ratelimit", "gateway/counters", 6379),
        ("gateway/envoy-gateway", "external/kubernetes-api", 443),
        ("gateway/envoy-gateway", "external/kubernetes-api", 6443),
        ("gateway/edge-proxy", "gateway/litellm", 4000),
        ("observability/prometheus", "gateway/litellm", 4000),
        ("gateway/litellm-teams", "gateway/litellm", 4000),
        ("gateway/litellm", "gateway/counters", 6379),
        ("gateway/litellm", "data/cache", 6379),
        ("gateway/litellm", "data/postgres", 5432),
        ("gateway/litellm-migration", "data/postgres", 5432),
    }


def test_pods_of_jobs_are_not_behind_the_gateways_service(built: Built) -> None:
    service = built.one("Service", "litellm")["spec"]["selector"]
    assert dict(LITELLM.selector) == service
    for job in built.objects("Job"):
        assert not service.items() <= job["spec"]["template"]["metadata"]["labels"].items()
    assert service.items() <= built.one("Deployment", "litellm")["spec"]["template"]["metadata"]["labels"].items()


def test_the_job_applies_every_team_with_the_limits_of_its_tier(built: Built) -> None:
    job = built.one("Job", "gateway-litellm-apply-teams")
    [volume] = job["spec"]["template"]["spec"]["volumes"]
    data = built.one("ConfigMap", volume["configMap"]["name"])["data"]
    lab, clinic = json.loads(data["teams.json"])
    assert lab["team_id"] == "lab"
    assert (lab["rpm_limit"], lab["tpm_limit"]) == (60, 100_000)
    assert (lab["max_budget"], lab["budget_duration"]) == (50.0, "1mo")
    assert lab["models"] == []
    assert clinic["models"] == ["qwen3-8b"]
    compile(data["apply_teams.py"], "apply_teams.py", "exec")
    depends = resource(built, "Job", "gateway-litellm-apply-teams").depends_on
    assert any(urn.endswith(":Deployment::gateway-litellm-deployment") for urn in depends)


def test_without_teams_there_is_no_job_for_them() -> None:
    built = build_gateway(teams=())
    assert [job["metadata"]["name"][:24] for job in built.objects("Job")] == ["gateway-litellm-migratio"]
    assert not any("litellm-teams" in source for source, _, _ in built.edges)


def test_another_model_rolls_the_pods_but_repeats_no_migration(built: Built) -> None:
    more = build_gateway(models=(gateway_model("qwen3-8b"), gateway_model("new")), teams=())
    before, after = litellm_pod(built), litellm_pod(more)
    assert before["volumes"] != after["volumes"]
    job = "gateway-litellm-migration"
    assert built.one("Job", job)["metadata"]["name"] == more.one("Job", job)["metadata"]["name"]


def test_every_image_comes_from_the_platforms_registry() -> None:
    built = build_gateway({"registry": ImageRegistry(mirror="registry.example.org/mirror")})
    images = {
        container["image"]
        for kind in ("Deployment", "Job", "StatefulSet")
        for item in built.objects(kind)
        for container in item["spec"]["template"]["spec"]["containers"]
    }
    proxy = built.one("EnvoyProxy")["spec"]["provider"]["kubernetes"]["envoyDeployment"]["container"]["image"]
    [chart] = built.rendered.charts
    charted = {entry["image"] for entry in chart.inputs["values"]["global"]["images"].values()}
    assert len(images) == 2
    assert len(charted) == 3
    assert all(image.startswith("registry.example.org/mirror/") for image in images | charted | {proxy})


def test_a_gateway_without_models_is_refused() -> None:
    with pytest.raises(ValueError, match="no model to serve"):
        build_gateway(models=())


def test_a_gateway_of_one_replica_is_refused() -> None:
    with pytest.raises(ValueError, match="no range of at least 2 replicas"):
        build_gateway(replicas=(1, 3))


def test_a_configuration_that_no_config_map_holds_is_refused_with_what_one_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(config_size, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match=r"models: the gateway's configuration for 3 models has .* MiB"):
        build_gateway()


def test_a_configuration_of_a_mebibyte_still_fits_and_one_byte_more_does_not() -> None:
    data = {"config.yaml": "é" * (2**18), "module.py": "x" * 2**19}
    assert config_size.checked_size(data, 9) == data
    with pytest.raises(ValueError, match=r"for 9 models has 1\.00 MiB, and a ConfigMap holds 1; serve at most about 8"):
        config_size.checked_size(data | {"more": "x"}, 9)


def test_the_outputs_are_the_public_addresses(built: Built) -> None:
    assert built.result.api_url == "https://api.ai.example.org/v1"
    assert built.result.console_url == "https://console.ai.example.org/ui/"


def test_with_an_identity_provider_the_console_asks_for_a_sign_in() -> None:
    built = build_gateway(console_sign_in=sign_in)
    policy = built.one("SecurityPolicy", "console")["spec"]
    assert policy["targetRefs"] == [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "console"}]
    assert policy["oidc"]["provider"]["issuer"].endswith("/realms/ai-platform")
    secret = built.one("Secret", policy["oidc"]["clientSecret"]["name"])
    assert set(secret["stringData"]) == {"client-secret"}
    assert set(built.one("Secret", "envoy-oidc-hmac")["stringData"]) == {"hmac-secret"}
