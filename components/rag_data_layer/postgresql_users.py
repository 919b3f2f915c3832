"""Users of the databases: each has the name of its database and a password of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.base.handles import PlatformContext
from components.rag_data_layer import custom_resources, postgresql_specs
from components.rag_data_layer.postgresql_specs import CLUSTER

TYPE = "ai-platform:rag_data_layer:PostgreSqlUsers"

_PASSWORD_LENGTH = 48


@dataclass(frozen=True, kw_only=True)
class PostgreSqlUsersArgs:
    """One user for each of `databases`."""

    platform: PlatformContext
    databases: Iterable[str]


class PostgreSqlUsers(pulumi.ComponentResource):
    """`passwords` are keyed by user; `secrets` are what the Cluster names and must exist before it."""

    passwords: dict[str, pulumi.Output[str]]
    secrets: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: PostgreSqlUsersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        data = args.platform.data_options(self)
        self.passwords = {
            user: random.RandomPassword(
                f"{name}-{user}-password", length=_PASSWORD_LENGTH, special=False, opts=data
            ).result
            for user in args.databases
        }
        self.secrets = tuple(
            k8s.core.v1.Secret(
                f"{name}-{user}",
                # The label makes the operator set a changed password at once.
                metadata=custom_resources.metadata(
                    postgresql_specs.password_secret(user),
                    CLUSTER,
                    args.platform.environment,
                    {"cnpg.io/reload": "true"},
                ),
                type="kubernetes.io/basic-auth",
                string_data={"username": user, "password": password},
                opts=args.platform.child_options(self),
            )
            for user, password in self.passwords.items()
        )
        self.register_outputs({"users": sorted(self.passwords)})
