"""The CronJob that empties the semantic cache: LiteLLM gives what it writes to the vector store no expiry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

from components.base import labels, pod_security
from components.inference_gateway.arguments import SemanticCache
from components.inference_gateway.environment import secret_variable
from components.inference_gateway.job_pods import job_template
from components.inference_gateway.litellm_config.caches import answers_collection
from components.inference_gateway.litellm_config.variables import VECTORS_KEY, VECTORS_URL
from components.inference_gateway.names import FORGET_COMPONENT, FORGET_NAME, NAMESPACE

if TYPE_CHECKING:
    from pulumi_kubernetes.batch.v1 import CronJobSpecArgsDict
    from pulumi_kubernetes.core.v1 import ContainerArgsDict
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

_FOLDER = "/forget"
_SCRIPT = "forget_answers.py"


def metadata(environment: str) -> ObjectMetaArgsDict:
    """Metadata of the CronJob."""
    return {
        "name": FORGET_NAME,
        "namespace": NAMESPACE,
        "labels": labels.object_labels(FORGET_NAME, FORGET_COMPONENT, environment),
    }


def config_data() -> dict[str, str]:
    """Data of the ConfigMap: the script."""
    return {_SCRIPT: (Path(__file__).parent / "scripts" / _SCRIPT).read_text("utf-8")}


def cron_job_spec(
    cache: SemanticCache,
    *,
    image: str,
    environment: str,
    service_account: str,
    config_map: pulumi.Input[str],
    url: str,
    secret: pulumi.Input[str],
) -> CronJobSpecArgsDict:
    """Specification of the CronJob. `secret` is the name of the Secret with the vector store's key."""
    return {
        "schedule": f"17 */{cache.forget_hours} * * *" if cache.forget_hours < 24 else "17 3 * * *",  # noqa: PLR2004
        "concurrency_policy": "Forbid",
        "starting_deadline_seconds": 1800,
        "successful_jobs_history_limit": 1,
        "failed_jobs_history_limit": 3,
        "job_template": {
            "spec": {
                "backoff_limit": 5,
                "active_deadline_seconds": 900,
                "ttl_seconds_after_finished": 86400,
                "template": job_template(
                    FORGET_NAME,
                    FORGET_COMPONENT,
                    environment=environment,
                    service_account=service_account,
                    priority="platform-standard",
                    container=_container(cache, image, url, secret),
                    volumes=[{"name": "script", "config_map": {"name": config_map}}],
                ),
            }
        },
    }


def _container(cache: SemanticCache, image: str, url: str, secret: pulumi.Input[str]) -> ContainerArgsDict:
    return {
        "name": "forget",
        "image": image,
        "command": ["python", f"{_FOLDER}/{_SCRIPT}"],
        "env": [
            {"name": VECTORS_URL, "value": url},
            {"name": "COLLECTION", "value": answers_collection(cache.embedding_model)},
            {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"},
            secret_variable(VECTORS_KEY, secret),
        ],
        "resources": pod_security.resources(cpu="50m", cpu_limit="500m", memory="128Mi"),
        "security_context": pod_security.container_security_context(),
        "volume_mounts": [{"name": "script", "mount_path": _FOLDER, "read_only": True}],
    }
