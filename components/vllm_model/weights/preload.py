"""Pure builders of the job that copies a model's weights from Hugging Face to the object store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

from components.base import labels
from components.base.handles import ImageRegistry
from components.base.model_weights import HuggingFaceWeights
from components.base.pins import VLLM
from components.base.pod_security import container_security_context, pod_security_context, resources
from components.vllm_model.environment import TEMPORARY, TOKEN_KEY, access_key_variables, secret_variable, variables
from components.vllm_model.names import PRELOAD_COMPONENT, preload_name
from components.vllm_model.server.pod import UID

if TYPE_CHECKING:
    from pulumi_kubernetes.batch.v1 import JobSpecArgsDict
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict

SCRIPT = "preload_weights.py"
_FOLDER = "/scripts"


def script_data() -> dict[str, str]:
    """Data of the ConfigMap with the program."""
    return {SCRIPT: (Path(__file__).parent / "scripts" / SCRIPT).read_text("utf-8")}


def preload_environment(
    *,
    weights: HuggingFaceWeights,
    bucket: pulumi.Input[str],
    store: dict[str, str],
    store_secret: pulumi.Input[str] | None,
    token_secret: pulumi.Input[str] | None,
) -> list[EnvVarArgsDict]:
    """Variables of the program: what to copy, where to, and with which keys."""
    plain: dict[str, pulumi.Input[str]] = {
        "MODEL_REPOSITORY": weights.repository,
        "MODEL_REVISION": weights.revision,
        "S3_BUCKET": bucket,
        "S3_PREFIX": weights.prefix,
        "HOME": TEMPORARY,
        **store,
    }
    token = [secret_variable("HF_TOKEN", token_secret, TOKEN_KEY)] if token_secret is not None else []
    return [*variables(plain), *access_key_variables(store_secret), *token]


def job_spec(
    *,
    name: str,
    environment_label: str,
    registry: ImageRegistry,
    script: pulumi.Input[str],
    environment: list[EnvVarArgsDict],
    deadline_seconds: int,
) -> JobSpecArgsDict:
    """The job. `script` is the name of the ConfigMap with the program. It needs no GPU and no disk: files go straight
    from the hub to the bucket, at most ten parts of 64 MiB at a time."""
    return {
        "backoff_limit": 4,
        "active_deadline_seconds": deadline_seconds,
        "template": {
            "metadata": {"labels": labels.object_labels(preload_name(name), PRELOAD_COMPONENT, environment_label)},
            "spec": {
                "restart_policy": "Never",
                "service_account_name": preload_name(name),
                "automount_service_account_token": False,
                "enable_service_links": False,
                "security_context": pod_security_context(uid=UID, gid=0, fs_group=0),
                "priority_class_name": "platform-batch",
                "volumes": [
                    {"name": "scripts", "config_map": {"name": script}},
                    {"name": "temporary", "empty_dir": {"size_limit": "1Gi"}},
                ],
                "containers": [
                    {
                        "name": "preload",
                        "image": registry.rewrite(VLLM.reference),
                        "command": ["python3", f"{_FOLDER}/{SCRIPT}"],
                        "env": environment,
                        "security_context": container_security_context(),
                        "resources": resources(cpu="1", cpu_limit="2", memory="4Gi"),
                        "volume_mounts": [
                            {"name": "scripts", "mount_path": _FOLDER, "read_only": True},
                            {"name": "temporary", "mount_path": TEMPORARY},
                        ],
                    }
                ],
            },
        },
    }
