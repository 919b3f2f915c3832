from __future__ import annotations

from typing import Any

import pulumi
import pytest
import yaml

from components.base.wiring import External, Workload
from components.inference_gateway.arguments import (
    ExternalModel,
    Guardrails,
    Judge,
    Presidio,
    Routing,
    SemanticCache,
    Telemetry,
    Timeouts,
    VectorServer,
)
from tests.components.gateway_program import PRICE, build_gateway, gateway_model
from tests.components.surroundings import Built

MODELS = (gateway_model("qwen3-8b"), gateway_model("guard"), gateway_model("bge-m3", "embedding"))
STORE = Workload.of("data", "qdrant", "vectors")
VECTOR_KEY = "test-vector-key"


def build(**changes: Any) -> Built:
    fields: dict[str, Any] = {
        "timeouts": Timeouts(request=600, stream=1200),
        "max_parallel_requests_per_key": 64,
        "refuse_without_counters": True,
        "cache": None,
    }
    keys = {key: changes.pop(key) for key in ("external_keys", "telemetry_keys") if key in changes}
    return build_gateway(
        models=MODELS,
        routing=Routing(**(fields | changes)),
        vectors=lambda: VectorServer(
            url="http://qdrant:6333", port=6333, api_key=pulumi.Output.secret(VECTOR_KEY), peer=STORE
        ),
        **keys,
    )


def pod(built: Built, name: str = "litellm") -> Any:
    return built.one("Deployment", name)["spec"]["template"]["spec"]


def variables(built: Built) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in pod(built)["containers"][0]["env"]}


def files(built: Built) -> dict[str, str]:
    volumes = {volume["name"]: volume for volume in pod(built)["volumes"]}
    return built.one("ConfigMap", volumes["config"]["configMap"]["name"])["data"]


def test_a_gateway_that_asks_for_nothing_connects_to_nothing_more() -> None:
    built = build()
    assert set(files(built)) == {"config.yaml", "platform_model_calls.py", "model_calls.json"}
    assert not {name for name in variables(built) if name.startswith(("VECTORS", "EXTERNAL", "OTEL", "LANGFUSE"))}
    assert not {edge for edge in built.edges if edge[1] == "external/internet"}
    assert "CronJob" not in built.kinds


def test_presidio_runs_in_the_gateways_namespace_for_litellm_alone() -> None:
    built = build(guardrails=Guardrails(presidio=Presidio(entities={"PERSON": "MASK"})))
    assert variables(built)["PRESIDIO_ANALYZER_API_BASE"] == ("http://presidio-analyzer.gateway.svc.cluster.local:3000")
    for name in ("presidio-analyzer", "presidio-anonymizer"):
        spec = pod(built, name)
        [container] = spec["containers"]
        assert container["image"].startswith(f"mcr.microsoft.com/{name}:")
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert container["readinessProbe"]["httpGet"] == {"path": "/health", "port": "http"}
        assert built.one("PodDisruptionBudget", name)["spec"]["maxUnavailable"] == 1
        callers = {edge[0] for edge in built.edges if edge[1] == f"gateway/{name}"}
        assert callers == {"gateway/litellm"}


def test_the_judge_lies_beside_the_configuration_in_every_pod() -> None:
    built = build(guardrails=Guardrails(judge=Judge(model="guard", context_length=8192)))
    assert "class ContentJudge" in files(built)["content_judge.py"]
    [entry] = yaml.safe_load(files(built)["config.yaml"])["guardrails"]
    assert entry["litellm_params"]["guard_model"] == "guard"


def test_the_semantic_cache_reaches_the_vector_store_and_is_emptied_on_time() -> None:
    cache = SemanticCache(embedding_model="bge-m3", vector_size=1024, similarity=0.95, opt_in=True, forget_hours=6)
    built = build(cache=cache)
    assert variables(built)["VECTORS_URL"] == "http://qdrant:6333"
    reference = variables(built)["VECTORS_KEY"]["secretKeyRef"]
    assert built.one("Secret", reference["name"])["stringData"] == {"VECTORS_KEY": "[secret]"}
    assert {edge[0] for edge in built.edges if edge[1] == "data/qdrant"} == {
        "gateway/litellm",
        "gateway/answer-cache-forget",
    }
    job = built.one("CronJob")["spec"]
    assert job["schedule"] == "17 */6 * * *"
    [container] = job["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    named = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert named["COLLECTION"] == "gateway-answers-bge-m3"


def test_the_semantic_cache_without_a_vector_store_is_refused() -> None:
    cache = SemanticCache(embedding_model="bge-m3", vector_size=1024, similarity=0.95, opt_in=True, forget_hours=6)
    with pytest.raises(ValueError, match="needs the data layer's vector store"):
        build_gateway(
            models=MODELS,
            routing=Routing(
                timeouts=Timeouts(request=600, stream=1200),
                max_parallel_requests_per_key=64,
                refuse_without_counters=True,
                cache=cache,
            ),
        )


def test_external_models_open_https_to_the_internet_and_nothing_else_does() -> None:
    external = ExternalModel(name="gpt", provider="openai", model="gpt-5", task="chat", price=PRICE)
    built = build(externals=(external,), external_keys=lambda: {"gpt": pulumi.Output.secret("test-external-key")})
    assert {edge for edge in built.edges if edge[1] == "external/internet"} == {
        ("gateway/litellm", "external/internet", 443)
    }
    reference = variables(built)["EXTERNAL_KEY_GPT"]["secretKeyRef"]
    assert built.one("Secret", reference["name"])["stringData"] == {"EXTERNAL_KEY_GPT": "[secret]"}


def test_an_external_model_without_a_key_is_refused() -> None:
    external = ExternalModel(name="gpt", provider="openai", model="gpt-5", task="chat", price=PRICE)
    with pytest.raises(ValueError, match=r"gateway\.external: gpt has no key"):
        build(externals=(external,))


def test_telemetry_goes_where_the_stack_says_with_its_keys() -> None:
    collector = External(name="collector", cidrs=("192.0.2.0/24",))
    built = build(
        telemetry=Telemetry(
            otlp_endpoint="https://otel.example.org/v1/traces",
            langfuse_host="https://langfuse.example.org",
            peers=((collector, 443),),
        ),
        telemetry_keys=lambda: {
            "LANGFUSE_PUBLIC_KEY": pulumi.Output.secret("test-public"),
            "LANGFUSE_SECRET_KEY": pulumi.Output.secret("test-secret"),
        },
    )
    found = variables(built)
    assert found["OTEL_EXPORTER_OTLP_ENDPOINT"] == "https://otel.example.org/v1/traces"
    assert found["LANGFUSE_OTEL_HOST"] == "https://langfuse.example.org"
    reference = found["LANGFUSE_SECRET_KEY"]["secretKeyRef"]
    assert built.one("Secret", reference["name"])["stringData"] == {
        "LANGFUSE_PUBLIC_KEY": "[secret]",
        "LANGFUSE_SECRET_KEY": "[secret]",
    }
    assert ("gateway/litellm", "external/collector", 443) in built.edges
