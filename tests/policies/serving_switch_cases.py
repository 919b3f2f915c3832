"""Cases: what a model server must be told, must never be told, and must state about itself."""

from __future__ import annotations

from tests.policies.serving_case_builders import (
    annotation,
    new_variable,
    server,
    switch,
)
from tests.policies.serving_objects import (
    COMMIT,
    SERVER,
    argument,
    model_server,
    server_pod,
    variable,
)

SWITCH_CASES = [
    switch("AI-09", "--trust-remote-code"),
    switch("AI-09", "--trust_remote_code", "--no-trust-remote-code"),
    switch("AI-11", "--profiler-config={}"),
    switch("AI-11", "--enable-tokenizer-info-endpoint"),
    switch("AI-11", "--tool-server=demo"),
    switch("AI-11", "--tool-parser-plugin=/weights/parser.py"),
    switch("AI-11", "--worker-extension-cls=other.Extension"),
    new_variable("AI-11", "VLLM_SERVER_DEV_MODE", "1"),
    new_variable("AI-11", "VLLM_ALLOW_INSECURE_SERIALIZATION", "1"),
    new_variable("AI-11", "VLLM_DEBUG_LOG_API_SERVER_RESPONSE", "true", "false"),
    server(
        "AI-11",
        argument("--middleware"),
        "--middleware=other.Guard",
        absent_fails=True,
        record=model_server(
            server_pod(env=[{"name": "VLLM_ALLOW_RUNTIME_LORA_UPDATING", "value": "1"}]),
        ),
        at=f"{SERVER}.env[0]",
    ),
    server("AI-42", argument("--middleware"), "--middleware=other.Guard", absent_fails=True),
    server("AI-42", variable("SERVED_ROUTES"), "/health,/v1/load_lora_adapter", absent_fails=True),
    server("AI-42", variable("SERVED_ROUTES"), "", absent_fails=True),
    server("AI-43", argument("--disable-fastapi-docs"), "--no-disable-fastapi-docs", absent_fails=True),
]

COMMAND_CASES = [
    server("AI-40", 'spec.template.metadata.labels["app.kubernetes.io/component"]', "other", absent_fails=True),
    server("AI-40", f"{SERVER}.command", ["sh", "-c", "vllm serve"], good=["vllm", "serve"], absent_fails=False),
    server("AI-40", f"{SERVER}.envFrom", [{"configMapRef": {"name": "more"}}], good=[], absent_fails=False),
    server("AI-40", f"{SERVER}.args", ["--tensor-parallel-size=1"], absent_fails=True),
    server("AI-40", f"{SERVER}.args", ["$(MODEL)"], absent_fails=True),
    switch("AI-40", "$(MORE)"),
    switch("AI-40", "--config=/etc/vllm.yaml"),
    switch("AI-40", "--model=Qwen/Qwen3-8B"),
    switch("AI-40", "--trust-remote"),
    switch("AI-40", "-tp=2"),
    switch("AI-40", "--"),
    switch("AI-40", "--$(MORE)"),
    switch("AI-40", "--trust-$(MORE)=1"),
    server("AI-40", argument("--allowed-media-domains"), "--allowed-media-domains=$(HOSTS)", absent_fails=False),
    server("AI-40", f"{SERVER}.args[0]", f"/models/$(MODEL)/{COMMIT}", absent_fails=True),
]

LIMIT_CASES = [
    server("AI-12", argument("--allowed-media-domains"), "--allowed-media-domains=", absent_fails=True),
    server("AI-12", argument("--allowed-media-domains"), "--allowed-media-domains=[ ]", absent_fails=True),
    server("AI-12", variable("VLLM_MEDIA_URL_ALLOW_REDIRECTS"), "1", absent_fails=True),
    switch("AI-12", "--allowed-local-media-path=/"),
    server("AI-13", argument("--max-model-len"), "--max-model-len=-1", absent_fails=True),
    server("AI-13", argument("--max-model-len"), "--max-model-len=auto", absent_fails=True),
    server("AI-13", argument("--max-num-seqs"), "--max-num-seqs=0", absent_fails=True),
    server("AI-13", argument("--max-num-queued-reqs"), "--max-num-queued-reqs=0", absent_fails=True),
    server("AI-13", variable("VLLM_MAX_N_SEQUENCES"), "129", absent_fails=True),
    server("AI-13", variable("VLLM_MAX_N_SEQUENCES"), "0", good="1", absent_fails=True),
    server("AI-13", variable("VLLM_MAX_N_SEQUENCES"), "many", absent_fails=True),
    new_variable("AI-13", "VLLM_ALLOW_LONG_MAX_MODEL_LEN", "1"),
]

RECORD_CASES = [
    server("AI-21", annotation("model-licence"), "CC-BY-NC-4.0", absent_fails=True),
    server("AI-44", annotation("model"), " ", absent_fails=True),
    server("AI-44", annotation("model-source"), "", absent_fails=True),
    server("AI-44", annotation("model-revision"), "0" * 40, absent_fails=True),
    server("AI-22", variable("VLLM_CACHE_ROOT"), "/elsewhere", absent_fails=True),
    server("AI-22", variable("TRITON_CACHE_DIR"), "", absent_fails=True),
    server("AI-22", variable("TORCHINDUCTOR_CACHE_DIR"), "/cachebox", absent_fails=True),
    server(
        "AI-22",
        "spec.template.spec.volumes[0]",
        {"name": "cache", "persistentVolumeClaim": {"claimName": "shared"}},
        good={"name": "cache", "ephemeral": {"volumeClaimTemplate": {}}},
        absent_fails=True,
        at=f"{SERVER}.env",
    ),
]
