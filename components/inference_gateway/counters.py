"""The Valkey that holds rate-limit counters, spend not yet written to the database, and cooldowns.

It is apart from the data layer's cache: a cache evicts, and an evicted counter is a lifted limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.base import pins, valkey
from components.base.handles import ClusterHandle, PlatformContext
from components.base.valkey import ValkeyServer
from components.inference_gateway.names import COUNTERS_NAME, NAMESPACE

TYPE = "ai-platform:inference_gateway:Counters"

_MEMORY_MIB = 512
_STORAGE_GIB = 2


def counters_server(environment: str, storage_class: str) -> ValkeyServer:
    """The server. Its data outlives the pod, so that a restart does not forget what teams have spent this minute."""
    return ValkeyServer(
        name=COUNTERS_NAME,
        namespace=NAMESPACE,
        component="counters",
        environment=environment,
        max_memory_policy="noeviction",
        max_memory_mib=_MEMORY_MIB,
        storage_class=storage_class,
        storage_gib=_STORAGE_GIB,
    )


@dataclass(frozen=True, kw_only=True)
class CountersArgs:
    """Where the server runs and its volume comes from."""

    cluster: ClusterHandle
    platform: PlatformContext


class Counters(pulumi.ComponentResource):
    """`server` says where it listens, `secret` is the name of the Secret with its password."""

    server: ValkeyServer
    password: pulumi.Output[str]
    secret: pulumi.Output[str]
    stateful_set: k8s.apps.v1.StatefulSet

    def __init__(self, name: str, args: CountersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        child = args.platform.child_options(self)
        self.server = counters_server(args.platform.environment, args.cluster.storage.retained)
        metadata = valkey.metadata(self.server)
        self.password = random.RandomPassword(f"{name}-password", length=48, special=False, opts=child).result
        secret = k8s.core.v1.Secret(
            f"{name}-secret",
            metadata={"namespace": NAMESPACE},
            string_data=valkey.secret_data(self.password),
            opts=child,
        )
        config = k8s.core.v1.ConfigMap(
            f"{name}-config",
            metadata={"namespace": NAMESPACE},
            data=valkey.config_data(self.server),
            opts=child,
        )
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata=metadata, automount_service_account_token=False, opts=child
        )
        self.secret = secret.metadata["name"]
        self.stateful_set = k8s.apps.v1.StatefulSet(
            f"{name}-server",
            metadata=metadata,
            spec=valkey.stateful_set_spec(
                self.server,
                image=args.cluster.registry.rewrite(pins.VALKEY.reference),
                config_map=config.metadata["name"],
                secret=self.secret,
            ),
            opts=args.platform.data_options(self, account),
        )
        k8s.core.v1.Service(
            f"{name}-service",
            metadata=metadata,
            spec=valkey.service_spec(self.server),
            opts=args.platform.child_options(self, self.stateful_set),
        )
        self.register_outputs({"host": self.server.host})
