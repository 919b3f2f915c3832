"""Environment of the server's and the preload job's containers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi

from components.vllm_model.names import API_KEY

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict

CACHE = "/cache"
TEMPORARY = "/tmp"  # noqa: S108 # a volume of the pod alone

ACCESS_KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""Keys of the Secret with a grant's access key, and the variables that S3 clients read."""

TOKEN_KEY = "token"  # noqa: S105 # the name of a Secret's key

_WRITABLE = {
    # The root is read-only: everything that vLLM, torch, Triton and the S3 client write goes to volumes.
    "HOME": CACHE,
    # torch asks the user database for the user's name; it fails for a user id without an entry unless it finds this.
    "USER": "vllm",
    "XDG_CACHE_HOME": f"{CACHE}/xdg",
    "XDG_CONFIG_HOME": f"{CACHE}/config",
    "HF_HOME": f"{CACHE}/huggingface",
    "VLLM_CACHE_ROOT": f"{CACHE}/vllm",
    "VLLM_CONFIG_ROOT": f"{CACHE}/vllm-config",
    "TRITON_CACHE_DIR": f"{CACHE}/triton",
    "TORCHINDUCTOR_CACHE_DIR": f"{CACHE}/torchinductor",
    "NUMBA_CACHE_DIR": f"{CACHE}/numba",
    "TMPDIR": TEMPORARY,
}

_QUIET = {
    # Nothing is looked up on the hub at run time, and nothing is reported to anyone.
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}

_S3_DEFAULTS = {
    # Without this the SDK asks the cloud's metadata service first, and waits for its time-out.
    "AWS_EC2_METADATA_DISABLED": "true",
    # Newer SDKs send checksums that other S3 servers refuse.
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
}


def server_environment(
    *,
    api_key_secret: pulumi.Input[str],
    startup_seconds: int,
    store: Mapping[str, str],
    store_secret: pulumi.Input[str] | None,
) -> list[EnvVarArgsDict]:
    """Variables of the server. `store` are the plain ones of the S3 client, empty where weights are mounted."""
    plain = _WRITABLE | _QUIET | {"VLLM_ENGINE_READY_TIMEOUT_S": str(startup_seconds)} | dict(store)
    return [
        *variables(plain),
        secret_variable("VLLM_API_KEY", api_key_secret, API_KEY),
        *access_key_variables(store_secret),
    ]


def streamer_variables(grant: Mapping[str, str], *, path_style: bool) -> dict[str, str]:
    """Variables of the weights streamer for a store that was granted with `grant`."""
    variables = _S3_DEFAULTS | dict(grant)
    variables["RUNAI_STREAMER_S3_USE_VIRTUAL_ADDRESSING"] = "0" if path_style else "1"
    if "AWS_ENDPOINT_URL" in variables:
        # The streamer lists with boto3 and reads with its own client, which knows this name.
        variables["RUNAI_STREAMER_S3_ENDPOINT"] = variables["AWS_ENDPOINT_URL"]
    return variables


def copy_variables(grant: Mapping[str, str], *, path_style: bool) -> dict[str, str]:
    """Variables of the preload job's S3 client."""
    return _S3_DEFAULTS | dict(grant) | {"S3_PATH_STYLE": "1" if path_style else "0"}


def access_key_variables(secret: pulumi.Input[str] | None) -> list[EnvVarArgsDict]:
    """The access key from a Secret; none where the pod's ServiceAccount was granted itself."""
    return [secret_variable(key, secret, key) for key in ACCESS_KEY_VARIABLES] if secret is not None else []


def variables(plain: Mapping[str, pulumi.Input[str]]) -> list[EnvVarArgsDict]:
    """Plain variables in a stable order."""
    return [{"name": name, "value": plain[name]} for name in sorted(plain)]


def secret_variable(name: str, secret: pulumi.Input[str], key: str) -> EnvVarArgsDict:
    """A variable whose value is in a Secret."""
    return {"name": name, "value_from": {"secret_key_ref": {"name": secret, "key": key}}}
