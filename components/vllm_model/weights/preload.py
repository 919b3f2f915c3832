"""Pure builder of what copies a model's weights from Hugging Face to the object store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from components.base.pod_security import resources
from components.vllm_model.environment import TOKEN_KEY, secret_variable
from components.vllm_model.weights.programs import program_container

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import ContainerArgsDict, EnvVarArgsDict


def preload_container(
    image: str, environment: list[EnvVarArgsDict], token_secret: pulumi.Input[str] | None
) -> ContainerArgsDict:
    """The container. It needs no GPU and no disk: files go straight from the hub to the bucket, four at a time, and of
    each at most ten parts of 32 MiB are in memory. `token_secret` names the Secret with the hub's token."""
    token = [secret_variable("HF_TOKEN", token_secret, TOKEN_KEY)] if token_secret is not None else []
    return program_container(
        name="preload",
        program="preload_weights",
        image=image,
        environment=[*environment, *token],
        size=resources(cpu="1", cpu_limit="4", memory="4Gi"),
    )
