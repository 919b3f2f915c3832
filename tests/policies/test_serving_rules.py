"""What the cases of the serving rules cannot show: above all what is rightly allowed."""

from __future__ import annotations

import pytest

from policies.findings import Result
from policies.judge import Report, judge
from policies.pack_settings import PackSettings
from tests.policies.cases import judged, only, put
from tests.policies.objects import TODAY, Json, graph
from tests.policies.serving_objects import (
    COMMIT,
    DIGEST,
    MODEL,
    SERVER,
    argument,
    model_server,
    server_container,
    server_pod,
)

REASON = "ai-platform/trust-remote-code-reason"


def remote_code_server(image: str = "docker.io/vllm/vllm-openai:v0.33.0", reason: str = "read by the owner") -> Json:
    record = model_server(server_pod(("--trust-remote-code",), image=image))
    record["inputs"]["spec"]["template"]["metadata"]["annotations"] = {REASON: reason}
    return record


def with_remote_code(record: Json, *listed: str) -> Report:
    return judge(graph(record), (), TODAY, only("AI-09"), PackSettings(remote_code=frozenset(listed)))


LISTED = f"{MODEL}@{COMMIT}"


def test_remote_code_runs_where_its_revision_is_listed_and_explained() -> None:
    assert with_remote_code(remote_code_server(), LISTED).findings == ()


@pytest.mark.parametrize("image", ["docker.io/vllm/vllm-openai:v0.18.0", "docker.io/vllm/vllm-openai:0.18.1-own"])
def test_remote_code_needs_a_release_that_asks(image: str) -> None:
    assert with_remote_code(remote_code_server(image), LISTED).findings == ()


@pytest.mark.parametrize(
    ("record", "listed", "path"),
    [
        (remote_code_server(), f"{MODEL}@{'0' * 40}", f"{SERVER}.args"),
        (remote_code_server("docker.io/vllm/vllm-openai:v0.17.9"), LISTED, f"{SERVER}.image"),
        (remote_code_server(f"docker.io/vllm/own@{DIGEST}"), LISTED, f"{SERVER}.image"),
        (remote_code_server(reason=" "), LISTED, f"spec.template.metadata.annotations.{REASON}"),
    ],
)
def test_remote_code_without_one_of_its_conditions_is_refused(record: Json, listed: str, path: str) -> None:
    findings = with_remote_code(record, listed).findings
    assert [(finding.path, finding.result) for finding in findings] == [(path, Result.FAIL)]


def test_weights_without_a_commit_are_listed_by_their_digest() -> None:
    record = remote_code_server()
    put(record["inputs"], argument("s3://"), "s3://models/own")
    record["inputs"]["metadata"]["annotations"]["ai-platform/model-revision"] = DIGEST
    assert with_remote_code(record, f"{MODEL}@{DIGEST}").findings == ()


def test_adapters_may_be_loaded_where_the_guard_keeps_the_routes_inside() -> None:
    record = model_server(server_pod(env=[{"name": "VLLM_ALLOW_RUNTIME_LORA_UPDATING", "value": "1"}]))
    assert judged([record], "AI-11").findings == ()


def test_a_variable_that_comes_from_elsewhere_counts_as_wrong() -> None:
    source = {"configMapKeyRef": {"name": "more", "key": "mode"}}
    record = model_server(server_pod(env=[{"name": "VLLM_SERVER_DEV_MODE", "valueFrom": source}]))
    assert [finding.result for finding in judged([record], "AI-11").findings] == [Result.FAIL]


def test_the_last_of_two_variables_counts() -> None:
    twice = [{"name": "HF_HUB_OFFLINE", "value": "1"}, {"name": "TRANSFORMERS_OFFLINE", "value": "1"}]
    record = model_server(server_pod(env=[*twice, {"name": "HF_HUB_OFFLINE", "value": "0"}]))
    assert [finding.result for finding in judged([record], "AI-08").findings] == [Result.FAIL]


@pytest.mark.parametrize("name", ["safetensors", "runai_streamer", "runai_streamer_sharded", "fastsafetensors"])
def test_formats_that_read_safetensors_alone_are_allowed(name: str) -> None:
    record = model_server()
    put(record["inputs"], argument("--load-format"), f"--load-format={name}")
    assert judged([record], "AI-10").findings == ()


def test_a_tokenizer_of_its_own_may_be_pinned_by_its_revision() -> None:
    record = model_server(server_pod(("--tokenizer=own/tokenizer", f"--tokenizer-revision={COMMIT}")))
    assert judged([record], "AI-07").findings == ()


def test_a_cache_on_another_mount_below_is_judged_by_that_mount() -> None:
    spec = server_pod()
    spec["containers"][0]["volumeMounts"].append({"name": "shared", "mountPath": "/cache/triton"})
    spec["volumes"].append({"name": "shared", "persistentVolumeClaim": {"claimName": "shared"}})
    findings = judged([model_server(spec)], "AI-22").findings
    assert [finding.result for finding in findings] == [Result.FAIL]
    assert "TRITON_CACHE_DIR" in findings[0].message


def test_a_mount_without_its_volume_is_no_place_for_a_cache() -> None:
    spec = server_pod()
    spec["volumes"] = []
    assert len(judged([model_server(spec)], "AI-22").findings) == 3


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ("AI-08", "HF_HUB_OFFLINE"),
        ("AI-08", "TRANSFORMERS_OFFLINE"),
        ("AI-12", "VLLM_MEDIA_URL_ALLOW_REDIRECTS"),
        ("AI-13", "VLLM_MAX_N_SEQUENCES"),
        ("AI-22", "VLLM_CACHE_ROOT"),
        ("AI-22", "TRITON_CACHE_DIR"),
        ("AI-22", "TORCHINDUCTOR_CACHE_DIR"),
        ("AI-42", "SERVED_ROUTES"),
    ],
)
def test_a_variable_that_is_missing_is_asked_for_where_variables_stand(rule: str, name: str) -> None:
    others = [item for item in server_container()["env"] if item["name"] != name]
    findings = judged([model_server(server_pod(env=others))], rule).findings
    assert [(finding.path, name in finding.message) for finding in findings] == [(f"{SERVER}.env", True)]


@pytest.mark.parametrize("flag", ["--max-num-seqs", "--max-num-queued-reqs", "--max-model-len"])
def test_one_is_a_bound(flag: str) -> None:
    record = model_server()
    put(record["inputs"], argument(flag), f"{flag}=1")
    assert judged([record], "AI-13").findings == ()


@pytest.mark.parametrize(
    ("rule", "flag", "bad"),
    [
        ("AI-10", "--load-format", "--load-format=pt"),
        ("AI-12", "--allowed-media-domains", "--allowed-media-domains=[]"),
        ("AI-43", "--disable-fastapi-docs", "--no-disable-fastapi-docs"),
    ],
)
def test_a_wrong_argument_is_pointed_at_and_a_missing_one_is_asked_for(rule: str, flag: str, bad: str) -> None:
    record = model_server()
    put(record["inputs"], argument(flag), bad)
    assert [finding.path for finding in judged([record], rule).findings] == [argument(flag)]
    put(record["inputs"], argument(flag), "--enable-prefix-caching")
    assert [finding.path for finding in judged([record], rule).findings] == [f"{SERVER}.args"]


def test_a_wrong_variable_is_pointed_at() -> None:
    environment = [item | {"value": "1"} for item in server_container()["env"]]
    index = next(i for i, item in enumerate(environment) if item["name"] == "VLLM_MEDIA_URL_ALLOW_REDIRECTS")
    findings = judged([model_server(server_pod(env=environment))], "AI-12").findings
    assert [finding.path for finding in findings] == [f"{SERVER}.env[{index}].value"]


def test_a_pipeline_may_have_a_stage_per_layer() -> None:
    record = model_server(server_pod(("--pipeline-parallel-size=36",), gpus="36"))
    assert judged([record], "AI-06").findings == ()


def test_gpus_that_no_part_of_the_model_uses_are_pointed_at() -> None:
    findings = judged([model_server(server_pod(gpus="2"))], "AI-06").findings
    assert [finding.path for finding in findings] == [f"{SERVER}.resources.limits"]
