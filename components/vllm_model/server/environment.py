"""Variables of every model server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from components.vllm_model.environment import CACHE, TEMPORARY, secret_variable, variables
from components.vllm_model.names import API_KEY

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict

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

_CLOSED = {
    # Media of clients come inside requests; a redirect could lead a fetch to where the list of hosts does not.
    "VLLM_MEDIA_URL_ALLOW_REDIRECTS": "0",
    # Answers to one request at most (`n`), as in OpenAI's API; vLLM's own limit is 16,384.
    "VLLM_MAX_N_SEQUENCES": "128",
}


def server_environment(
    *,
    api_key_secret: pulumi.Input[str],
    startup_seconds: int,
) -> list[EnvVarArgsDict]:
    """Variables of every server."""
    plain = _WRITABLE | _QUIET | _CLOSED | {"VLLM_ENGINE_READY_TIMEOUT_S": str(startup_seconds)}
    return [
        *variables(plain),
        secret_variable("VLLM_API_KEY", api_key_secret, API_KEY),
    ]
