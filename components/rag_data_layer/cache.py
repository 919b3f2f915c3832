"""The cache: a Valkey that forgets what was used least recently, apart from the gateway's counters."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.base import pins, valkey
from components.base.capabilities import provides
from components.base.handles import ClusterHandle, PlatformContext
from components.base.namespaces import DATA
from components.rag_data_layer import metadata
from components.rag_data_layer.endpoints import Cache

TYPE = "ai-platform:rag_data_layer:CacheServer"
NAME = "cache"


@dataclass(frozen=True, kw_only=True)
class CacheServerArgs:
    """`memory_mib` bounds what is cached, in MiB."""

    cluster: ClusterHandle
    platform: PlatformContext
    memory_mib: int


class CacheServer(pulumi.ComponentResource):
    """One server without a volume: a cache that is empty after a restart is slower, not wrong."""

    cache: Cache

    def __init__(self, name: str, args: CacheServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        child = args.platform.child_options(self)
        server = valkey.ValkeyServer(
            name=NAME,
            namespace=DATA,
            component="cache",
            environment=args.platform.environment,
            max_memory_policy="allkeys-lru",
            max_memory_mib=args.memory_mib,
        )
        auto_named = metadata.auto_named(NAME, server.component, args.platform.environment)
        password = random.RandomPassword(f"{name}-password", length=48, special=False, opts=child).result
        secret = k8s.core.v1.Secret(
            f"{name}-secret", metadata=auto_named, string_data=valkey.secret_data(password), opts=child
        )
        config = k8s.core.v1.ConfigMap(
            f"{name}-config", metadata=auto_named, data=valkey.config_data(server), opts=child
        )
        own = valkey.metadata(server)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata=own, automount_service_account_token=False, opts=child
        )
        k8s.core.v1.Service(f"{name}-service", metadata=own, spec=valkey.service_spec(server), opts=child)
        k8s.apps.v1.StatefulSet(
            f"{name}-server",
            metadata={**own, "annotations": provides("cache")},
            spec=valkey.stateful_set_spec(
                server,
                image=args.cluster.registry.rewrite(pins.VALKEY.reference),
                config_map=config.metadata["name"],
                secret=secret.metadata["name"],
            ),
            opts=args.platform.child_options(self, account),
        )
        self.cache = Cache(host=server.host, port=valkey.PORT, password=password, peer=server.peer)
        self.register_outputs({"host": self.cache.host})
