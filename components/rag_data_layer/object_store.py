"""What both S3 servers have in common: names, Services, volumes and the keys of the buckets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.base import labels, naming
from components.base.handles import AccessKey, Bucket, BucketPurpose, ObjectStore, PlatformContext
from components.base.namespaces import DATA
from components.base.node_pools import NodePool
from components.base.quorum import ObjectStoreBackend, object_store_problem
from components.base.wiring import Workload
from components.rag_data_layer import metadata, placement
from components.rag_data_layer.errors import DataLayerError

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import (
        PersistentVolumeClaimArgsDict,
        ServiceSpecArgsDict,
    )
    from pulumi_kubernetes.policy.v1 import PodDisruptionBudgetSpecArgsDict

NAME = "object-store"
COMPONENT = "object-store"
PEERS = f"{NAME}-peers"
BUCKETS_JOB = f"{NAME}-buckets"

REGION = "us-east-1"
"""An own store has no regions; this is the one that S3 clients assume, and signatures must name some region."""

SETTING = "data.objectStore.replicas"

SERVER = Workload.of(DATA, NAME, COMPONENT)
BUCKETS = Workload.of(DATA, BUCKETS_JOB, COMPONENT)

SessionAffinity = Literal["ClientIP", "None"]

_SHORTEST_BUCKET_NAME = 3


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """How the servers are reached: `port` by S3 clients, `peer_ports` (by name) by each other."""

    port: int
    peer_ports: Mapping[str, int]
    affinity: SessionAffinity
    replicas: int


def bucket_name(purpose: BucketPurpose) -> str:
    """Name of the bucket of `purpose`.

    Raises DataLayerError where S3 clients could not address it: names are DNS labels of at least three characters.
    """
    if not naming.is_dns_label(purpose) or len(purpose) < _SHORTEST_BUCKET_NAME:
        message = f"{purpose!r} is no bucket name (a DNS label of 3 to 63 characters)"
        raise DataLayerError(message)
    return purpose


def require_possible(backend: ObjectStoreBackend, replicas: int, pools: Iterable[NodePool]) -> None:
    """Raise DataLayerError where the backend cannot run with so many servers, or the cluster cannot hold them."""
    problem = object_store_problem(backend, replicas)
    if problem:
        message = f"{SETTING}: {problem}"
        raise DataLayerError(message)
    placement.require_nodes(SETTING, replicas, pools)


def hosts(replicas: int) -> list[str]:
    """Host names of the servers, in the order of their ordinals."""
    return [naming.service_host(f"{NAME}-{ordinal}.{PEERS}", DATA) for ordinal in range(replicas)]


def service_spec(port: int, affinity: SessionAffinity) -> ServiceSpecArgsDict:
    """The Service that clients use. `affinity` is `ClientIP` where a client must stay with one server."""
    return {
        "selector": labels.selector_labels(NAME, COMPONENT),
        "session_affinity": affinity,
        "ports": [{"name": "s3", "port": port, "target_port": "s3"}],
    }


def peers_service_spec(ports: Mapping[str, int]) -> ServiceSpecArgsDict:
    """The headless Service that gives servers names. They must find each other before any of them can be ready."""
    return {
        "cluster_ip": "None",
        "publish_not_ready_addresses": True,
        "selector": labels.selector_labels(NAME, COMPONENT),
        "ports": [{"name": name, "port": port} for name, port in ports.items()],
    }


def disruption_budget_spec() -> PodDisruptionBudgetSpecArgsDict:
    """One server at a time: with one missing there is still a majority and a copy of everything."""
    return {"max_unavailable": 1, "selector": {"match_labels": labels.selector_labels(NAME, COMPONENT)}}


def claim(storage_class: str, gib: int) -> PersistentVolumeClaimArgsDict:
    """Claim template of a server's volume."""
    return {
        "metadata": {"name": "data", "labels": labels.selector_labels(NAME, COMPONENT)},
        "spec": {
            "access_modes": ["ReadWriteOnce"],
            "storage_class_name": storage_class,
            "resources": {"requests": {"storage": f"{gib}Gi"}},
        },
    }


def create_addresses(
    name: str,
    addresses: Addresses,
    platform: PlatformContext,
    child: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """Create ServiceAccount, Services and, where there is more than one server, the disruption budget.

    Returns what must exist before the servers. The Service for clients is not among it: the provider holds it back
    until a ready pod stands behind it.
    """
    own = metadata.named(NAME, NAME, COMPONENT, platform.environment)
    peers = metadata.named(PEERS, NAME, COMPONENT, platform.environment)
    account = k8s.core.v1.ServiceAccount(
        f"{name}-account", metadata=own, automount_service_account_token=False, opts=child
    )
    k8s.core.v1.Service(
        f"{name}-service", metadata=own, spec=service_spec(addresses.port, addresses.affinity), opts=child
    )
    headless = k8s.core.v1.Service(
        f"{name}-peers", metadata=peers, spec=peers_service_spec(addresses.peer_ports), opts=child
    )
    if addresses.replicas > 1:
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruption-budget", metadata=own, spec=disruption_budget_spec(), opts=child
        )
    return [account, headless]


def create_keys(
    name: str, purposes: Iterable[BucketPurpose], options: pulumi.ResourceOptions
) -> dict[BucketPurpose, AccessKey]:
    """Draw one access key a bucket. They must not change: every client holds one in its own Secret."""
    return {
        purpose: AccessKey(
            # 20 and 40 characters, as AWS has them; letters and digits pass every shell, URL and configuration file.
            access_key_id=_draw(f"{name}-{purpose}-key-id", 20, options),
            secret_access_key=_draw(f"{name}-{purpose}-key", 40, options),
        )
        for purpose in purposes
    }


def create_administrator(name: str, options: pulumi.ResourceOptions) -> AccessKey:
    """Draw the key that creates buckets. No other workload is given it."""
    return AccessKey(
        access_key_id=_draw(f"{name}-administrator-key-id", 20, options),
        secret_access_key=_draw(f"{name}-administrator-key", 40, options),
    )


def _draw(name: str, length: int, options: pulumi.ResourceOptions) -> pulumi.Output[str]:
    return random.RandomPassword(name, length=length, special=False, opts=options).result


def endpoint_url(port: int) -> str:
    """Address for S3 clients in any namespace."""
    return f"http://{naming.service_host(NAME, DATA)}:{port}"


def make_store(port: int, keys: Mapping[BucketPurpose, AccessKey]) -> ObjectStore:
    """The store as everything else sees it."""
    return ObjectStore(
        endpoint_url=endpoint_url(port),
        region=REGION,
        path_style=True,
        buckets={
            purpose: Bucket(purpose=purpose, name=bucket_name(purpose), access=key) for purpose, key in keys.items()
        },
        peer=SERVER,
        port=port,
    )
