"""The programs that copy and check weights: how a pod gets and runs them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pulumi

from components.base.model_weights import StoredWeights
from components.base.pod_security import container_security_context
from components.vllm_model.environment import access_key_variables, variables

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        EnvVarArgsDict,
        ResourceRequirementsArgsDict,
        VolumeArgsDict,
        VolumeMountArgsDict,
    )

Program = Literal["preload_weights", "fetch_weights", "check_weights"]

_FOLDER = "/programs"
_PACKAGE = "scripts"
_VOLUME = "weights-programs"
_FOR_PEOPLE = {"list_weights.py"}
"""Programs that run where the platform is administered."""


@cache
def programs_data() -> dict[str, str]:
    """Data of the ConfigMap with the programs: the package `scripts`."""
    files = sorted((Path(__file__).parent / _PACKAGE).glob("*.py"))
    return {file.name: file.read_text("utf-8") for file in files if file.name not in _FOR_PEOPLE}


def programs_volume(config_map: pulumi.Input[str]) -> VolumeArgsDict:
    """The volume with the programs."""
    return {"name": _VOLUME, "config_map": {"name": config_map}}


def program_container(
    *,
    name: str,
    program: Program,
    image: str,
    environment: list[EnvVarArgsDict],
    size: ResourceRequirementsArgsDict,
    mounts: tuple[VolumeMountArgsDict, ...] = (),
) -> ContainerArgsDict:
    """A container that runs one program. `image` is vLLM's, which the servers' nodes have anyway: it holds Python and
    the libraries."""
    return {
        "name": name,
        "image": image,
        "command": ["python3", "-m", f"{_PACKAGE}.{program}"],
        "working_dir": _FOLDER,
        "env": environment,
        "security_context": container_security_context(),
        "resources": size,
        "volume_mounts": [
            {"name": _VOLUME, "mount_path": f"{_FOLDER}/{_PACKAGE}", "read_only": True},
            *mounts,
        ],
    }


def program_environment(
    *,
    weights: StoredWeights,
    bucket: pulumi.Input[str],
    store: dict[str, str],
    store_secret: pulumi.Input[str] | None,
    more: dict[str, str] | None = None,
) -> list[EnvVarArgsDict]:
    """Variables of a program: which checkpoint, what it must be, and how its bucket is reached."""
    plain: dict[str, pulumi.Input[str]] = {
        "S3_BUCKET": bucket,
        "S3_PREFIX": weights.prefix,
        # The root is read-only and the programs write nothing but weights.
        "HOME": "/",
        "PYTHONDONTWRITEBYTECODE": "1",
        **_declared(weights),
        **store,
        **(more or {}),
    }
    return [*variables(plain), *access_key_variables(store_secret)]


def _declared(weights: StoredWeights) -> dict[str, str]:
    handling = weights.handling
    declared: dict[str, str] = {}
    if weights.remote_code:
        declared["REMOTE_CODE"] = "1"
    if handling.digest:
        declared["WEIGHTS_DIGEST"] = handling.digest
    if handling.signature:
        declared["WEIGHTS_PUBLIC_KEY"] = handling.signature.public_key
        declared["WEIGHTS_SIGNATURE"] = handling.signature.value
    return declared
