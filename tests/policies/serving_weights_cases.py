"""Cases: what a model server loads, how large it is and how it is split."""

from __future__ import annotations

from tests.policies.cases import Case
from tests.policies.objects import Json
from tests.policies.serving_case_builders import (
    ARGS,
    GROUP_SIZE,
    LEADER,
    LIMITS,
    MODEL_ARGUMENT,
    annotation,
    server,
    switch,
)
from tests.policies.serving_objects import (
    COMMIT,
    DIGEST,
    SERVER,
    argument,
    model_group,
    model_server,
    server_pod,
    variable,
)


def _claim_spec() -> Json:
    spec = server_pod()
    spec["containers"][0]["args"][0] = "/weights/qwen"
    spec["containers"][0]["volumeMounts"].append({"name": "weights", "mountPath": "/weights", "readOnly": True})
    spec["volumes"].append({"name": "weights", "persistentVolumeClaim": {"claimName": "qwen", "readOnly": True}})
    return spec


def _image_spec() -> Json:
    spec = _claim_spec()
    spec["volumes"][1] = {"name": "weights", "image": {"reference": f"registry.example.com/qwen@{DIGEST}"}}
    return spec


def _checked_spec(name: str) -> Json:
    spec = server_pod()
    spec["containers"][0]["args"][0] = "s3://models/qwen"
    spec["initContainers"] = [{"name": "check-weights", "env": [{"name": name, "value": DIGEST}]}]
    return spec


FIT_CASES = [
    server("AI-05", annotation("gpu-memory-gib"), "12", absent_fails=True, at=""),
    server("AI-05", annotation("gpu-memory-gib"), "much", absent_fails=True),
    server("AI-05", annotation("gpu-memory-gib"), "-1", absent_fails=True),
    server("AI-05", annotation("model"), "Qwen/Qwen3-0.6B", absent_fails=True),
    server("AI-05", annotation("model"), "nobody/knows-it", absent_fails=True),
    server("AI-05", annotation("model-task"), "juggling", absent_fails=True),
    server("AI-05", argument("--max-model-len"), "--max-model-len=400k", absent_fails=False),
    server("AI-05", argument("--gpu-memory-utilization"), "--gpu-memory-utilization=0.3", absent_fails=False),
    server(
        "AI-05",
        annotation("gpu-shares"),
        "2",
        good="1",
        absent_fails=False,
        at=argument("--gpu-memory-utilization"),
    ),
    server("AI-05", annotation("prefix-cache-share"), "0.99", good="0.1", absent_fails=False, at=ARGS),
    switch("AI-05", "--kv-cache-memory-bytes=1G"),
    switch("AI-05", "--dtype=float32", "--dtype=bfloat16"),
]

SPLIT_CASES = [
    server("AI-06", f'{SERVER}.resources.limits["nvidia.com/gpu"]', "2", absent_fails=True),
    server("AI-06", argument("--tensor-parallel-size"), "--tensor-parallel-size=2", absent_fails=False, at=LIMITS),
    server("AI-06", argument("--data-parallel-size"), "--data-parallel-size=2", absent_fails=False, at=LIMITS),
    server("AI-06", argument("--tensor-parallel-size"), "--tensor-parallel-size=0", absent_fails=False),
    server(
        "AI-06",
        argument("new"),
        "--tensor-parallel-size=3",
        good="--data-parallel-size=3",
        absent_fails=True,
        record=model_server(server_pod(("",), gpus="3")),
    ),
    server(
        "AI-06",
        argument("new"),
        "--pipeline-parallel-size=40",
        good="--data-parallel-size=40",
        absent_fails=True,
        record=model_server(server_pod(("",), gpus="40")),
    ),
    Case(
        rule="AI-06",
        resources=[model_group()],
        path=GROUP_SIZE,
        bad=3,
        absent_fails=True,
        at=f"{LEADER}.resources.limits",
    ),
    Case(
        rule="AI-06",
        resources=[model_group()],
        path=f"{LEADER}.args[13]",
        bad="--tensor-parallel-size=2",
        absent_fails=True,
    ),
]

WEIGHTS_CASES = [
    server("AI-07", argument("s3://"), "s3://models/Qwen/Qwen3-8B/main", absent_fails=True),
    server("AI-07", argument("s3://"), f"s3://models/Qwen/{COMMIT}/files", absent_fails=True),
    switch("AI-07", "--revision=main", f"--revision={COMMIT}"),
    switch("AI-07", "--tokenizer-revision=v1", f"--tokenizer-revision={COMMIT}"),
    switch("AI-07", "--code-revision=main", f"--code-revision={COMMIT}"),
    switch("AI-07", "--tokenizer=Qwen/Qwen3-8B", f"--tokenizer=s3://models/Qwen/Qwen3-8B/{COMMIT}"),
    server(
        "AI-07",
        "spec.template.spec.volumes[1].image.reference",
        "registry.example.com/qwen:v1",
        absent_fails=True,
        record=model_server(_image_spec()),
        at=MODEL_ARGUMENT,
    ),
    server(
        "AI-07",
        annotation("model-revision"),
        "v1",
        good=DIGEST,
        absent_fails=True,
        record=model_server(_claim_spec()),
        at=MODEL_ARGUMENT,
    ),
    server(
        "AI-07",
        f"{SERVER}.volumeMounts[1].readOnly",
        bad=False,
        absent_fails=True,
        record=model_server(_claim_spec(), model_revision=DIGEST),
        at=MODEL_ARGUMENT,
    ),
    *(
        server(
            "AI-07",
            "spec.template.spec.initContainers[0].env[0].value",
            "",
            absent_fails=True,
            record=model_server(_checked_spec(name)),
            at=MODEL_ARGUMENT,
        )
        for name in ("WEIGHTS_DIGEST", "WEIGHTS_SIGNATURE")
    ),
    server(
        "AI-07",
        "spec.template.spec.initContainers[0].env[0].name",
        "S3_PREFIX",
        absent_fails=True,
        record=model_server(_checked_spec("WEIGHTS_DIGEST")),
        at=MODEL_ARGUMENT,
    ),
    server("AI-08", variable("HF_HUB_OFFLINE"), "0", absent_fails=True),
    server("AI-08", variable("TRANSFORMERS_OFFLINE"), "false", absent_fails=True),
    server("AI-08", variable("TRANSFORMERS_OFFLINE"), "$(OFFLINE)", absent_fails=True),
    server("AI-10", argument("--load-format"), "--load-format=auto", absent_fails=True),
    server("AI-10", argument("--load-format"), "--load-format=pt", absent_fails=True),
    server("AI-10", argument("--load-format"), "--load-format", absent_fails=True),
]
