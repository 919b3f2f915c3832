from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.base.handles import IdentityGrant, ImageRegistry
from components.base.model_catalogue import find_model
from components.base.model_weights import HuggingFaceWeights, ImageWeights, ObjectStoreWeights, VolumeWeights, Weights
from components.base.node_pools import NodePool
from components.base.serving import Serving
from components.base.wiring import Workload
from components.vllm_model import ModelError, VllmModel, VllmModelArgs, model_url
from components.vllm_model.server.options import ServerOptions
from tests.components.surroundings import GPU_POOL, SYSTEM_POOL, Built, Surroundings, build, object_store

QWEN = HuggingFaceWeights(repository="Qwen/Qwen3-8B", revision="b968826d9c46dd6066d109eabc6255188de91218")
GATEWAY = Workload.of("gateway", "litellm", "gateway")


def make_serving(model: str = "Qwen/Qwen3-8B", **changes: Any) -> Serving:
    architecture = find_model(model)
    fields: dict[str, Any] = {
        "architecture": architecture,
        "task": architecture.tasks[0],
        "max_model_len": min(32768, architecture.max_context),
        "weights": architecture.checkpoint,
    }
    return Serving(**(fields | changes))


def make_model(s: Surroundings, **changes: Any) -> VllmModel:
    fields: dict[str, Any] = {
        "name": "qwen3-8b",
        "cluster": s.cluster,
        "platform": s.platform,
        "serving": make_serving(),
        "weights": QWEN,
        "pool": "l40s",
        "replicas": 2,
        "gateway": GATEWAY,
        "api_key": pulumi.Output.secret("test-model-key"),
        "store": object_store("models"),
    }
    return VllmModel("qwen3-8b", VllmModelArgs(**(fields | changes)), s.opts)


def built_with(
    *,
    surroundings: dict[str, Any] | None = None,
    edit: Callable[[Surroundings], dict[str, Any]] | None = None,
    **changes: Any,
) -> Built:
    return build(lambda s: make_model(s, **changes, **(edit(s) if edit else {})), **(surroundings or {}))


def with_token(s: Surroundings) -> dict[str, Any]:
    return {"hugging_face_token": pulumi.Output.secret("hub-token-value")}


@pytest.fixture(scope="module")
def built() -> Built:
    return built_with()


def pod_of(built: Built) -> dict[str, Any]:
    return built.one("Deployment")["spec"]["template"]["spec"]


def container_of(built: Built) -> dict[str, Any]:
    containers = pod_of(built)["containers"]
    assert len(containers) == 1
    return containers[0]


def environment_of(container: dict[str, Any]) -> dict[str, Any]:
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container["env"]}


def test_a_model_is_these_objects(built: Built) -> None:
    assert built.kinds == {
        "ConfigMap",
        "Deployment",
        "Job",
        "PodDisruptionBudget",
        "Secret",
        "Service",
        "ServiceAccount",
    }
    assert all(item["metadata"]["namespace"] == "models" for kind in built.kinds for item in built.objects(kind))


def test_outputs_tell_the_gateway_where_the_model_is(built: Built) -> None:
    assert built.result.url == "http://qwen3-8b.models.svc.cluster.local:8000/v1" == model_url("qwen3-8b")
    assert built.result.served_name == "qwen3-8b"
    assert built.result.workload == Workload.of("models", "qwen3-8b", "model")


def test_only_the_gateway_and_prometheus_reach_the_server(built: Built) -> None:
    clients = {(source, port) for source, target, port in built.edges if target == "models/qwen3-8b"}
    assert clients == {("gateway/litellm", 8000), ("observability/prometheus", 8000)}


def test_the_server_reaches_the_object_store_and_only_the_job_reaches_the_internet(built: Built) -> None:
    targets = {(source, target, port) for source, target, port in built.edges if source.startswith("models/")}
    assert targets == {
        ("models/qwen3-8b", "data/object-store", 8333),
        ("models/qwen3-8b-weights", "data/object-store", 8333),
        ("models/qwen3-8b-weights", "external/internet", 443),
    }


def test_the_wired_workloads_select_the_pods(built: Built) -> None:
    for kind, workload in (
        ("Deployment", built.result.workload),
        ("Job", Workload.of("models", "qwen3-8b-weights", "weights")),
    ):
        labels = built.one(kind)["spec"]["template"]["metadata"]["labels"]
        assert dict(workload.selector).items() <= labels.items()


def test_the_service_selects_the_servers_by_their_named_port(built: Built) -> None:
    service = built.one("Service")["spec"]
    labels = built.one("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert service["type"] == "ClusterIP"
    assert service["selector"].items() <= labels.items()
    assert service["ports"] == [{"name": "http", "port": 8000, "targetPort": "http", "appProtocol": "http"}]
    assert container_of(built)["ports"] == [{"name": "http", "containerPort": 8000}]


def test_arguments_say_what_the_capacity_check_summed(built: Built) -> None:
    assert container_of(built)["args"] == [
        f"s3://models/Qwen/Qwen3-8B/{QWEN.revision}",
        "--served-model-name=qwen3-8b",
        "--runner=generate",
        "--enable-force-include-usage",
        "--allowed-media-domains=none.invalid",
        "--max-model-len=32768",
        "--max-num-seqs=256",
        "--max-num-batched-tokens=2048",
        "--gpu-memory-utilization=0.9",
        "--tensor-parallel-size=1",
        "--pipeline-parallel-size=1",
        "--data-parallel-size=1",
        "--max-num-queued-reqs=512",
        "--enable-prefix-caching",
        "--enable-chunked-prefill",
        "--dtype=bfloat16",
        "--shutdown-timeout=300",
        "--disable-access-log-for-endpoints=/health,/metrics",
        "--disable-fastapi-docs",
        "--load-format=runai_streamer",
        '--model-loader-extra-config={"concurrency": 16, "memory_limit": 5368709120, "distributed": false}',
        "--middleware=served_routes.ServedRoutes",
    ]
    assert "command" not in container_of(built)


def test_parsers_become_arguments() -> None:
    options = ServerOptions(tool_call_parser="hermes", reasoning_parser="qwen3")
    arguments = container_of(built_with(server=options))["args"]
    assert {"--enable-auto-tool-choice", "--tool-call-parser=hermes", "--reasoning-parser=qwen3"} <= set(arguments)


@pytest.mark.parametrize(
    ("serving", "present", "absent"),
    [
        (make_serving(weights="fp8"), {"--quantization=fp8"}, {"--dtype"}),
        (make_serving("Qwen/Qwen3-8B-FP8"), set(), {"--quantization", "--dtype"}),
        (make_serving("Qwen/Qwen3-32B-AWQ"), set(), {"--quantization", "--dtype"}),
        (make_serving("openai/gpt-oss-20b"), set(), {"--quantization", "--dtype"}),
        (make_serving(kv_cache="fp8"), {"--kv-cache-dtype=fp8", "--dtype=bfloat16"}, set()),
        (make_serving("Qwen/Qwen3-Embedding-0.6B"), {"--runner=pooling"}, {"--enable-force-include-usage"}),
        (make_serving("BAAI/bge-reranker-v2-m3"), {"--runner=pooling", "--dtype=float16"}, {"--enable-force"}),
    ],
    ids=lambda value: (
        f"{value.architecture.name} {value.weights} {value.kv_cache}" if isinstance(value, Serving) else None
    ),
)
def test_precision_and_task_become_arguments(serving: Serving, present: set[str], absent: set[str]) -> None:
    arguments = container_of(built_with(serving=serving))["args"]
    assert present <= set(arguments)
    assert not [argument for argument in arguments for prefix in absent if argument.startswith(prefix)]


def test_a_split_model_gets_shared_memory_inside_its_memory_limit_and_reads_weights_once() -> None:
    built = built_with(serving=make_serving("Qwen/Qwen3-32B", tensor_parallel=4))
    volumes = {item["name"]: item for item in pod_of(built)["volumes"]}
    mounts = {item["mountPath"]: item["name"] for item in container_of(built)["volumeMounts"]}
    limits = container_of(built)["resources"]["limits"]
    assert volumes["shared-memory"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "8Gi"}
    assert mounts["/dev/shm"] == "shared-memory"
    assert limits["memory"] == "52Gi"
    assert limits["nvidia.com/gpu"] == "4"
    assert any('"distributed": true' in argument for argument in container_of(built)["args"])


def test_one_gpu_needs_no_shared_memory(built: Built) -> None:
    assert {item["name"] for item in pod_of(built)["volumes"]} == {"cache", "temporary", "server-files"}
    assert "/dev/shm" not in {item["mountPath"] for item in container_of(built)["volumeMounts"]}


def test_gpus_are_requested_exactly_and_memory_is_limited_at_its_request(built: Built) -> None:
    resources = container_of(built)["resources"]
    assert resources["requests"] == {"cpu": "6", "memory": "17Gi", "nvidia.com/gpu": "1"}
    assert resources["limits"] == {"cpu": "12", "memory": "17Gi", "nvidia.com/gpu": "1"}


def test_a_server_lands_on_its_pool_only(built: Built) -> None:
    pod = pod_of(built)
    assert pod["nodeSelector"] == {"ai-platform/pool": "l40s"}
    assert pod["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"}
    ]
    assert pod["priorityClassName"] == "platform-standard"
    assert "runtimeClassName" not in pod


def test_the_runtime_class_is_the_cluster_s() -> None:
    assert pod_of(built_with(surroundings={"runtime_class": "nvidia"}))["runtimeClassName"] == "nvidia"


def test_a_mig_slice_is_requested_by_its_own_name() -> None:
    pool = NodePool(
        name="slices",
        role="gpu",
        cpu=96,
        memory_gib=1024,
        min_nodes=1,
        max_nodes=1,
        product="NVIDIA-H200",
        gpus_per_node=8,
        memory_per_gpu_gib=140.4,
        mig_profile="1g.35gb",
        mig_slices=4,
    )
    built = built_with(surroundings={"pools": (SYSTEM_POOL, pool)}, pool="slices")
    assert container_of(built)["resources"]["limits"]["nvidia.com/mig-1g.35gb"] == "1"
    assert "--gpu-memory-utilization=0.9" in container_of(built)["args"]


def test_a_time_sliced_pod_takes_its_share_of_the_gpu_s_memory() -> None:
    pool = replace(GPU_POOL, time_slices=4)
    serving = make_serving("Qwen/Qwen3-Embedding-0.6B", max_model_len=8192)
    arguments = container_of(built_with(surroundings={"pools": (SYSTEM_POOL, pool)}, serving=serving))["args"]
    assert "--gpu-memory-utilization=0.225" in arguments


def test_the_pod_is_restricted(built: Built) -> None:
    for kind in ("Deployment", "Job"):
        pod = built.one(kind)["spec"]["template"]["spec"]
        context = pod["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (2000, 0, 0)
        assert context["runAsNonRoot"] is True
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}


def test_every_cache_lies_on_a_writable_volume(built: Built) -> None:
    environment = environment_of(container_of(built))
    mounts = [item["mountPath"] for item in container_of(built)["volumeMounts"]]
    for name in (
        "HOME",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "HF_HOME",
        "VLLM_CACHE_ROOT",
        "VLLM_CONFIG_ROOT",
        "TRITON_CACHE_DIR",
        "TORCHINDUCTOR_CACHE_DIR",
        "NUMBA_CACHE_DIR",
        "TMPDIR",
    ):
        assert any(environment[name] == mount or environment[name].startswith(f"{mount}/") for mount in mounts), name
    assert environment["USER"]


def test_a_server_is_offline_and_reports_nothing(built: Built) -> None:
    environment = environment_of(container_of(built))
    quiet = {
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
        "VLLM_NO_USAGE_STATS",
        "DO_NOT_TRACK",
        "HF_HUB_DISABLE_TELEMETRY",
    }
    assert {name: environment[name] for name in quiet} == dict.fromkeys(quiet, "1")


def test_keys_come_from_secrets_of_the_namespace(built: Built) -> None:
    secrets = {item["metadata"]["name"]: set(item["stringData"]) for item in built.objects("Secret")}
    environment = environment_of(container_of(built))
    for variable in ("VLLM_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        reference = environment[variable]["secretKeyRef"]
        assert reference["key"] in secrets[reference["name"]]
    for resource in built.rendered.objects:
        if resource.inputs["kind"] != "Secret":
            assert "test-model-key" not in str(resource.inputs)
            assert "test-key-secret" not in str(resource.inputs)


def test_the_streamer_knows_the_store(built: Built) -> None:
    environment = environment_of(container_of(built))
    assert environment["AWS_ENDPOINT_URL"] == environment["RUNAI_STREAMER_S3_ENDPOINT"]
    assert environment["RUNAI_STREAMER_S3_USE_VIRTUAL_ADDRESSING"] == "0"
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["AWS_REQUEST_CHECKSUM_CALCULATION"] == "when_required"


def test_a_granted_service_account_needs_no_access_key() -> None:
    class Granting:
        def grant(self, name: str, *, service_account: str, write: bool, **rest: Any) -> Any:
            granted.append((service_account, write))
            return IdentityGrant(environment={"AWS_REGION": "eu-central-1"}, access=None)

    granted: list[tuple[str, bool]] = []
    built = built_with(surroundings={"workload_identity": Granting()})
    assert sorted(granted) == [("qwen3-8b", False), ("qwen3-8b-weights", True)]
    assert "AWS_ACCESS_KEY_ID" not in environment_of(container_of(built))
    assert "RUNAI_STREAMER_S3_ENDPOINT" not in environment_of(container_of(built))
    assert {set_name for item in built.objects("Secret") for set_name in item["stringData"]} == {"api-key"}


def test_probes_wait_for_the_weights_and_do_not_kill_a_busy_server(built: Built) -> None:
    container = container_of(built)
    startup = container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] == 1800
    assert int(environment_of(container)["VLLM_ENGINE_READY_TIMEOUT_S"]) == 1800
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/health", "port": "http"}
    assert container["livenessProbe"]["failureThreshold"] > container["readinessProbe"]["failureThreshold"]


def test_larger_weights_get_a_longer_start() -> None:
    serving = make_serving("openai/gpt-oss-120b", tensor_parallel=4)
    large = make_serving("meta-llama/Llama-3.3-70B-Instruct", weights="fp8", tensor_parallel=4)
    pool = replace(GPU_POOL, gpus_per_node=8, product="NVIDIA-H100-80GB-HBM3", memory_per_gpu_gib=79.6, memory_gib=2048)
    seconds = [
        container_of(
            built_with(
                surroundings={"pools": (SYSTEM_POOL, pool)},
                serving=each,
                edit=with_token,
            )
        )["startupProbe"]["failureThreshold"]
        * 10
        for each in (serving, large)
    ]
    assert 1800 <= seconds[0] < seconds[1]


def test_a_stopping_server_leaves_the_endpoints_before_it_drains(built: Built) -> None:
    pod, container = pod_of(built), container_of(built)
    leave = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert "--shutdown-timeout=300" in container["args"]
    assert leave >= 10
    assert pod["terminationGracePeriodSeconds"] > leave + 300


def test_an_update_needs_no_spare_gpu(built: Built) -> None:
    spec = built.one("Deployment")["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    assert spec["progressDeadlineSeconds"] > 1800


def test_one_server_at_a_time_may_be_evicted(built: Built) -> None:
    budget = built.one("PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert budget["selector"] == built.one("Deployment")["spec"]["selector"]


def test_the_job_copies_the_commit_with_the_program_from_its_config_map(built: Built) -> None:
    pod = built.one("Job")["spec"]["template"]["spec"]
    environment = environment_of(pod["containers"][0])
    program = built.one("ConfigMap", "qwen3-8b-programs")
    assert environment["MODEL_REPOSITORY"] == "Qwen/Qwen3-8B"
    assert environment["MODEL_REVISION"] == QWEN.revision
    assert f"s3://{environment['S3_BUCKET']}/{environment['S3_PREFIX']}" == container_of(built)["args"][0]
    assert pod["containers"][0]["command"] == ["python3", "-m", "scripts.preload_weights"]
    assert pod["volumes"][0]["configMap"]["name"] == program["metadata"]["name"]
    assert "def preload(" in program["data"]["preload_weights.py"]
    assert "nvidia.com/gpu" not in pod["containers"][0]["resources"]["limits"]
    assert "HF_TOKEN" not in environment


def test_the_job_and_what_pods_read_are_auto_named(built: Built) -> None:
    for kind in ("Job", "ConfigMap", "Secret"):
        for resource in built.rendered.objects:
            if resource.inputs["kind"] == kind:
                assert resource.inputs["metadata"]["name"].startswith(f"{resource.name}-")


def test_servers_wait_for_the_job(built: Built) -> None:
    deployment = next(item for item in built.rendered.resources if item.type.endswith(":Deployment"))
    assert any("batch/v1:Job" in urn for urn in deployment.depends_on)


def test_a_token_reaches_the_job_alone() -> None:
    built = built_with(edit=with_token)
    job = environment_of(built.one("Job")["spec"]["template"]["spec"]["containers"][0])
    assert job["HF_TOKEN"]["secretKeyRef"]["key"] == "token"
    assert "HF_TOKEN" not in environment_of(container_of(built))


@pytest.mark.parametrize(
    ("weights", "path", "volume"),
    [
        (
            ImageWeights(reference="registry.example.org/models/qwen3-8b:1.0"),
            "/weights",
            {"name": "weights", "image": {"reference": "mirror.example.org/registry.example.org/models/qwen3-8b:1.0"}},
        ),
        (
            VolumeWeights(claim="models", folder="qwen3-8b"),
            "/weights/qwen3-8b",
            {"name": "weights", "persistentVolumeClaim": {"claimName": "models", "readOnly": True}},
        ),
    ],
)
def test_mounted_weights_need_neither_store_nor_job(weights: Weights, path: str, volume: dict[str, Any]) -> None:
    registry = ImageRegistry(mirror="mirror.example.org")
    built = built_with(surroundings={"registry": registry}, weights=weights, store=None)
    assert container_of(built)["args"][0] == path
    assert volume in pod_of(built)["volumes"]
    assert {"name": "weights", "mountPath": "/weights", "readOnly": True} in container_of(built)["volumeMounts"]
    assert "Job" not in built.kinds
    assert not [argument for argument in container_of(built)["args"] if "runai" in argument]
    assert not [edge for edge in built.edges if edge[0] == "models/qwen3-8b"]
    assert container_of(built)["image"].startswith("mirror.example.org/docker.io/vllm/")


def test_weights_in_the_bucket_are_streamed_without_a_job() -> None:
    built = built_with(weights=ObjectStoreWeights(prefix="own/tuned-8b"))
    assert container_of(built)["args"][0] == "s3://models/own/tuned-8b"
    assert "Job" not in built.kinds
    assert ("models/qwen3-8b", "data/object-store", 8333) in built.edges


def test_the_deployment_proves_gpu_serving(built: Built) -> None:
    assert "gpu-serving" in built.one("Deployment")["metadata"]["annotations"]["ai-platform/capabilities"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pool": "system"}, "no GPUs"),
        ({"serving": make_serving("Qwen/Qwen3-32B")}, "does not fit"),
        ({"serving": make_serving(tensor_parallel=3)}, "cannot be shared over 3 GPUs"),
        ({"store": None}, "there is none"),
        (
            {"serving": make_serving("meta-llama/Llama-3.1-8B-Instruct")},
            "pulumi config set --secret ai-platform:huggingFaceToken",
        ),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_created(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match="model qwen3-8b: ") as error:
        built_with(**changes)
    assert words in str(error.value)


def test_an_unknown_pool_is_refused_with_the_pools_there_are() -> None:
    with pytest.raises(ModelError, match="no node pool 'h100'; the cluster has system, l40s"):
        built_with(pool="h100")
