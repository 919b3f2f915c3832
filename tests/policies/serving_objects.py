"""A model server that complies with every rule about serving, as resource records of a graph."""

from __future__ import annotations

import copy
from typing import Any

from tests.policies.objects import Json, container, deployment, network_policy, pod_spec, resource

COMMIT = "b968826d9c46dd6066d109eabc6255188de91218"
DIGEST = "sha256:" + "a" * 64
MODEL = "Qwen/Qwen3-8B"
PATH = f"s3://models/{MODEL}/{COMMIT}"

ANNOTATIONS = {
    "ai-platform/gpu-memory-gib": "44.3",
    "ai-platform/gpu-product": "NVIDIA-L40S",
    "ai-platform/model": MODEL,
    "ai-platform/model-licence": "Apache-2.0",
    "ai-platform/model-revision": COMMIT,
    "ai-platform/model-source": f"https://huggingface.co/{MODEL}/tree/{COMMIT}",
    "ai-platform/model-task": "chat",
}

ARGUMENTS = [
    PATH,
    "--allowed-media-domains=none.invalid",
    "--max-model-len=32768",
    "--max-num-seqs=256",
    "--max-num-batched-tokens=2048",
    "--gpu-memory-utilization=0.9",
    "--tensor-parallel-size=1",
    "--pipeline-parallel-size=1",
    "--data-parallel-size=1",
    "--max-num-queued-reqs=512",
    "--disable-fastapi-docs",
    "--load-format=runai_streamer",
    "--middleware=served_routes.ServedRoutes",
]

ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "http://object-store.data.svc:8333",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TORCHINDUCTOR_CACHE_DIR": "/cache/torchinductor",
    "TRITON_CACHE_DIR": "/cache/triton",
    "VLLM_CACHE_ROOT": "/cache/vllm",
    "VLLM_MAX_N_SEQUENCES": "128",
    "VLLM_MEDIA_URL_ALLOW_REDIRECTS": "0",
    "SERVED_ROUTES": "/health,/metrics,/v1/models,/v1/chat/completions",
}

SERVER = "spec.template.spec.containers[0]"


def argument(flag: str) -> str:
    """Path of the argument that begins with `flag`; a new one for "new"."""
    index = next((place for place, text in enumerate(ARGUMENTS) if text.startswith(flag)), len(ARGUMENTS))
    return f"{SERVER}.args[{index}]"


def variable(name: str) -> str:
    """Path of the value of a variable."""
    return f"{SERVER}.env[{list(ENVIRONMENT).index(name)}].value"


def environment(**changes: str) -> list[Json]:
    return [{"name": name, "value": value} for name, value in (ENVIRONMENT | changes).items()]


def server_container(arguments: tuple[str, ...] = (), gpus: str = "1", **changes: Any) -> Json:
    """The server's container, with `arguments` after all others."""
    sizes = {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": gpus}
    return container(
        name="vllm",
        image="docker.io/vllm/vllm-openai:v0.33.0",
        args=[*ARGUMENTS, *arguments],
        env=environment(),
        resources={"requests": sizes, "limits": sizes},
        volumeMounts=[{"name": "cache", "mountPath": "/cache"}],
    ) | copy.deepcopy(changes)


def server_pod(arguments: tuple[str, ...] = (), gpus: str = "1", **changes: Any) -> Json:
    """The pod spec; `changes` replace members of the server's container."""
    return pod_spec(
        containers=[server_container(arguments, gpus, **changes)],
        volumes=[{"name": "cache", "emptyDir": {"sizeLimit": "20Gi"}}],
        tolerations=[{"key": "nvidia.com/gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"}],
        nodeSelector={"ai-platform/pool": "l40s"},
    )


def model_server(spec: Json | None = None, **annotations: str) -> Json:
    """A Deployment of one model server; `annotations` replace those of the workload, without their prefix."""
    record = deployment("qwen", component="model", spec=spec or server_pod())
    own = ANNOTATIONS | {f"ai-platform/{key.replace('_', '-')}": value for key, value in annotations.items()}
    record["inputs"]["metadata"]["annotations"] = own
    return record


def model_group(*, nodes: int = 2, arguments: tuple[str, ...] = ("--pipeline-parallel-size=2",)) -> Json:
    """A LeaderWorkerSet whose replica lies on `nodes` nodes."""
    template = model_server(server_pod(arguments))["inputs"]["spec"]["template"]
    inputs = {
        "metadata": {"name": "qwen-group", "namespace": "models", "annotations": dict(ANNOTATIONS)},
        "spec": {
            "replicas": 1,
            "leaderWorkerTemplate": {
                "size": nodes,
                "leaderTemplate": template,
                "workerTemplate": copy.deepcopy(template),
            },
        },
    }
    return resource("leaderworkerset.x-k8s.io/v1:LeaderWorkerSet", inputs)


def own_policy(name: str = "allow-qwen", workload: str = "qwen", **spec: Any) -> Json:
    """A policy for the pods of one workload."""
    selector = {"matchLabels": {"app.kubernetes.io/name": workload, "app.kubernetes.io/component": "model"}}
    return network_policy(name, podSelector=selector, **spec)


def among_themselves(**peer: Any) -> Json:
    """The policy that lets the pods of a group talk; `peer` replaces members of its one peer."""
    itself = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "models"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "qwen", "app.kubernetes.io/component": "model"}},
    }
    rule = {"from": [itself | peer], "ports": [{"port": 1024, "endPort": 65535, "protocol": "TCP"}]}
    return own_policy(policyTypes=["Ingress"], ingress=[rule])
