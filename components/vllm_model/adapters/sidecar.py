"""Pure builders of the container that keeps a server's adapters up to date."""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

from components.base.adapters import CPU_ADAPTERS_PER_SLOT, adapter_file_gib
from components.base.pod_disk import adapter_volume_gib
from components.base.pod_security import container_security_context, resources
from components.base.serving import Serving
from components.vllm_model.adapters.arguments import Adapters
from components.vllm_model.environment import TEMPORARY, secret_variable, variables, verbatim
from components.vllm_model.names import API_KEY, PORT
from components.vllm_model.pod_parts import PodParts

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import ContainerArgsDict, EnvVarArgsDict

FOLDER = "/adapters"
_PROGRAMS = "/programs"
_PACKAGE = "scripts"
_POLL_SECONDS = 15


def script_data() -> dict[str, str]:
    """Data of the ConfigMap with the program: the package `scripts`."""
    files = sorted((Path(__file__).parent / _PACKAGE).glob("*.py"))
    return {file.name: file.read_text("utf-8") for file in files}


def adapter_parts(
    *,
    adapters: Adapters,
    serving: Serving,
    image: str,
    bucket: pulumi.Input[str],
    store: tuple[EnvVarArgsDict, ...],
    script: pulumi.Input[str],
    api_key_secret: pulumi.Input[str],
) -> PodParts:
    """Additions to the pod. `store` are variables that let boto3 read the bucket, `script` is the name of the ConfigMap
    with the program."""
    size = adapter_volume_gib(serving, len(adapters.adapters))
    return PodParts(
        arguments=adapter_arguments(serving),
        # Without it vLLM has no route to load an adapter with. The guard of its routes keeps it inside the pod.
        environment=tuple(variables({"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1"})),
        volumes=(
            {"name": "adapters", "empty_dir": {"size_limit": f"{size}Gi"}},
            {"name": "adapter-program", "config_map": {"name": script}},
        ),
        mounts=({"name": "adapters", "mount_path": FOLDER, "read_only": True},),
        init_containers=(
            _sidecar(
                image,
                [
                    *variables(_plain(adapters, serving) | {"S3_BUCKET": bucket}),
                    *store,
                    secret_variable("VLLM_API_KEY", api_key_secret, API_KEY),
                ],
            ),
        ),
    )


def adapter_arguments(serving: Serving) -> tuple[str, ...]:
    """Arguments of the server."""
    slots = serving.adapter_slots
    # Each API process knows its own adapters, so there may be one only (vLLM refuses more).
    one_server = ("--api-server-count=1",) if serving.data_parallel > 1 else ()
    return (
        "--enable-lora",
        f"--max-loras={slots}",
        f"--max-lora-rank={serving.adapter_rank}",
        f"--max-cpu-loras={slots * CPU_ADAPTERS_PER_SLOT}",
        *one_server,
    )


def _plain(adapters: Adapters, serving: Serving) -> dict[str, pulumi.Input[str]]:
    declared = [
        {
            "name": adapter.name,
            "prefix": adapter.prefix,
            "bases": [*adapters.bases, *((adapter.base,) if adapter.base else ())],
        }
        for adapter in adapters.adapters
    ]
    largest = adapter_file_gib(serving.architecture, serving.adapter_rank)
    return {
        "ADAPTERS": verbatim(json.dumps(declared)),
        "ADAPTER_FOLDER": FOLDER,
        "ADAPTER_MAX_RANK": str(serving.adapter_rank),
        "ADAPTER_MAX_BYTES": str(ceil(largest * 2**30)),
        "SERVER_URL": f"http://127.0.0.1:{PORT}",
        "POLL_SECONDS": str(_POLL_SECONDS),
        "HOME": TEMPORARY,
    }


def _sidecar(image: str, environment: list[EnvVarArgsDict]) -> ContainerArgsDict:
    """An init container that keeps running (native sidecar): it starts before the server and ends after it, so that a
    stopping server finishes requests with its adapters in place."""
    return {
        "name": "adapters",
        "image": image,
        "restart_policy": "Always",
        "command": ["python3", "-m", f"{_PACKAGE}.sync_adapters"],
        "working_dir": _PROGRAMS,
        "env": environment,
        "security_context": container_security_context(),
        "resources": resources(cpu="100m", cpu_limit="1", memory="512Mi"),
        "volume_mounts": [
            {"name": "adapters", "mount_path": FOLDER},
            {"name": "adapter-program", "mount_path": f"{_PROGRAMS}/{_PACKAGE}", "read_only": True},
            {"name": "temporary", "mount_path": TEMPORARY},
        ],
        # Part of the pod's readiness: no request for an adapter arrives before the server has it.
        "readiness_probe": {
            "exec_": {"command": ["test", "-f", f"{FOLDER}/.ready"]},
            "period_seconds": 5,
            "timeout_seconds": 5,
            "failure_threshold": 1,
        },
    }
