"""Variables of containers: plain ones, and those whose value is in a Secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi

from components.base.handles import AccessKey

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict

CACHE = "/cache"
TEMPORARY = "/tmp"  # noqa: S108 # a volume of the pod alone

ACCESS_KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""Keys of the Secret with a grant's access key, and the variables that S3 clients read."""

TOKEN_KEY = "token"  # noqa: S105 # the name of a Secret's key


def access_key_variables(secret: pulumi.Input[str] | None) -> list[EnvVarArgsDict]:
    """The access key from a Secret; none where the pod's ServiceAccount was granted itself."""
    return [secret_variable(key, secret, key) for key in ACCESS_KEY_VARIABLES] if secret is not None else []


def verbatim(text: str) -> str:
    """`text` for an argument or a variable that the kubelet shall leave as it is: it puts variables in the place of
    `$(NAME)` and makes one `$` of two."""
    return text.replace("$", "$$")


def access_key_data(access: AccessKey) -> dict[str, pulumi.Output[str]]:
    """Data of the Secret that `access_key_variables` reads."""
    identity, secret = ACCESS_KEY_VARIABLES
    return {identity: access.access_key_id, secret: access.secret_access_key}


def variables(plain: Mapping[str, pulumi.Input[str]]) -> list[EnvVarArgsDict]:
    """Plain variables in a stable order."""
    return [{"name": name, "value": plain[name]} for name in sorted(plain)]


def secret_variable(name: str, secret: pulumi.Input[str], key: str) -> EnvVarArgsDict:
    """A variable whose value is in a Secret."""
    return {"name": name, "value_from": {"secret_key_ref": {"name": secret, "key": key}}}
