"""The gateway's generated keys, and the Secrets that carry them into pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.base.handles import Database, PlatformContext
from components.inference_gateway.environment import SALT_KEY, UI_PASSWORD
from components.inference_gateway.litellm_config import CACHE_PASSWORD, DATABASE_URL, MASTER_KEY
from components.inference_gateway.names import NAMESPACE, model_key_variable

TYPE = "ai-platform:inference_gateway:GatewayCredentials"

_LENGTH = 48


@dataclass(frozen=True, kw_only=True)
class GatewayCredentialsArgs:
    """`models` are the names that get a key each. `cache_password` is a secret Output of the data layer."""

    platform: PlatformContext
    models: tuple[str, ...]
    database: Database
    cache_password: pulumi.Output[str]


def database_url(database: Database) -> pulumi.Output[str]:
    """Connection URL for LiteLLM's database client, encrypted in transit.

    User and password are generated from letters and digits, so nothing in them needs percent-encoding.
    """
    return pulumi.Output.concat(
        f"postgresql://{database.user}:",
        database.password,
        "@",
        database.host,
        f":{database.port}/{database.name}?sslmode=require",
    )


class GatewayCredentials(pulumi.ComponentResource):
    """Keys and Secrets. The four `…_secret` attributes are names of Secrets in the gateway's namespace."""

    master_key: pulumi.Output[str]
    model_keys: Mapping[str, pulumi.Output[str]]
    keys_secret: pulumi.Output[str]
    database_secret: pulumi.Output[str]
    models_secret: pulumi.Output[str]
    cache_secret: pulumi.Output[str]

    def __init__(self, name: str, args: GatewayCredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._child = args.platform.child_options(self)
        # The salt encrypts credentials in the database and can never be rotated: losing it loses them.
        salt = random.RandomPassword(
            f"{name}-salt-key", length=_LENGTH, special=False, opts=args.platform.data_options(self)
        ).result
        self.master_key = pulumi.Output.concat("sk-", self._password(f"{name}-master-key"))
        self.model_keys = {model: self._password(f"{name}-model-key-{model}") for model in args.models}
        self.keys_secret = self._secret(
            f"{name}-keys",
            {
                MASTER_KEY: self.master_key,
                SALT_KEY: salt,
                UI_PASSWORD: self._password(f"{name}-console-password"),
            },
        )
        self.database_secret = self._secret(f"{name}-database", {DATABASE_URL: database_url(args.database)})
        self.models_secret = self._secret(
            f"{name}-models", {model_key_variable(model): key for model, key in self.model_keys.items()}
        )
        self.cache_secret = self._secret(f"{name}-cache", {CACHE_PASSWORD: args.cache_password})
        self.register_outputs({"models": sorted(args.models)})

    def _password(self, name: str) -> pulumi.Output[str]:
        return random.RandomPassword(name, length=_LENGTH, special=False, opts=self._child).result

    def _secret(self, name: str, data: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
        secret = k8s.core.v1.Secret(name, metadata={"namespace": NAMESPACE}, string_data=dict(data), opts=self._child)
        return secret.metadata["name"]
