"""A cluster and a platform for tests of single components: as small as the contract allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.base.handles import (
    AccessKey,
    Bucket,
    BucketPurpose,
    CertificateIssuer,
    ClusterHandle,
    Database,
    DatabaseRequest,
    IdentityGrant,
    ImageRegistry,
    LoadBalancer,
    ObjectStore,
    ObjectStoreRequest,
    PlatformContext,
    StorageClasses,
)
from components.base.node_pools import NodePool
from components.base.wiring import External, Wiring, Workload
from tools.render.graph import RenderedStack
from tools.render.manifests import manifest
from tools.render.program import record

SYSTEM_POOL = NodePool(name="system", role="system", cpu=16, memory_gib=64, min_nodes=3, max_nodes=3)
GPU_POOL = NodePool(
    name="l40s",
    role="gpu",
    cpu=64,
    memory_gib=512,
    min_nodes=2,
    max_nodes=2,
    product="NVIDIA-L40S",
    gpus_per_node=4,
    memory_per_gpu_gib=44.5,
)


def _secret(text: str) -> pulumi.Output[str]:
    return pulumi.Output.secret(text)


class FixedObjectStores:
    """Hands out one store with keys that were made up for the test."""

    def create(
        self,
        name: str,
        request: ObjectStoreRequest,
        cluster: ClusterHandle,
        platform: PlatformContext,
        opts: pulumi.ResourceOptions,
    ) -> ObjectStore:
        return object_store(*request.purposes)


class FixedDatabases:
    """Hands out databases on one host."""

    def create(
        self,
        name: str,
        request: DatabaseRequest,
        cluster: ClusterHandle,
        platform: PlatformContext,
        opts: pulumi.ResourceOptions,
    ) -> Mapping[str, Database]:
        return {database: make_database(database) for database in request.databases}


class KeyIdentity:
    """Grants by the bucket's own key, as a substrate without workload identity does."""

    def grant(
        self,
        name: str,
        *,
        namespace: str,
        service_account: str,
        store: ObjectStore,
        purpose: BucketPurpose,
        write: bool,
        opts: pulumi.ResourceOptions,
        prefix: str = "",
    ) -> IdentityGrant:
        environment = {"AWS_REGION": store.region, "AWS_ENDPOINT_URL": store.endpoint_url or ""}
        return IdentityGrant(environment=environment, access=store.buckets[purpose].access)


def object_store(*purposes: BucketPurpose) -> ObjectStore:
    access = AccessKey(access_key_id=_secret("test-key-id"), secret_access_key=_secret("test-key-secret"))
    return ObjectStore(
        endpoint_url="http://object-store.data.svc.cluster.local:8333",
        region="us-east-1",
        path_style=True,
        buckets={purpose: Bucket(purpose=purpose, name=purpose, access=access) for purpose in purposes},
        peer=Workload.of("data", "object-store", "object-store"),
        port=8333,
    )


def make_database(name: str) -> Database:
    return Database(
        host="postgres-rw.data.svc.cluster.local",
        port=5432,
        name=name,
        user=name,
        password=_secret(f"test-password-of-{name}"),
        peer=Workload.selecting("data", "postgres", {"cnpg.io/cluster": "postgres"}),
    )


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a component under test is given."""

    cluster: ClusterHandle
    platform: PlatformContext
    opts: pulumi.ResourceOptions


def make_surroundings(
    *, pools: tuple[NodePool, ...] = (SYSTEM_POOL, GPU_POOL), protect_data: bool = True, **changes: Any
) -> Surroundings:
    """Providers are real provider resources; `changes` override fields of the cluster handle."""
    providers = (k8s.Provider("kubernetes", kubeconfig="{}"), random.Provider("random"))
    fields: dict[str, Any] = {
        "providers": providers,
        "ready": (),
        "pools": pools,
        "runtime_class": None,
        "storage": StorageClasses(fast="fast", retained="retained", shared="shared"),
        "load_balancer": LoadBalancer(address_kind="ip", annotations={}),
        "issuer": CertificateIssuer(spec={"selfSigned": {}}),
        "registry": ImageRegistry(),
        "kubernetes_api": External(name="kubernetes-api", cidrs=("10.0.0.0/8",)),
        "object_stores": FixedObjectStores(),
        "databases": FixedDatabases(),
        "workload_identity": KeyIdentity(),
    }
    return Surroundings(
        cluster=ClusterHandle(**(fields | changes)),
        platform=PlatformContext(
            environment="test",
            domain="ai.example.org",
            wiring=Wiring(),
            ready=(),
            protect_data=protect_data,
        ),
        opts=pulumi.ResourceOptions(providers=list(providers)),
    )


@dataclass
class Built:
    """A component after its program ran: what it registered, what it declared, and what it returned."""

    rendered: RenderedStack
    surroundings: Surroundings
    result: Any
    manifests: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """API objects of `kind`, secrets redacted."""
        return [manifest(resource) for resource in self.rendered.objects if resource.inputs.get("kind") == kind]

    def one(self, kind: str, name: str | None = None) -> dict[str, Any]:
        """The only object of `kind` (and name, or name prefix for auto-named ones)."""
        found = [item for item in self.objects(kind) if name is None or item["metadata"]["name"].startswith(name)]
        assert len(found) == 1, f"{len(found)} objects of kind {kind} named {name}"
        return found[0]

    @property
    def kinds(self) -> set[str]:
        return {resource.inputs["kind"] for resource in self.rendered.objects}

    @property
    def edges(self) -> set[tuple[str, str, int]]:
        """Declared wiring as (from, to, port)."""
        return {
            (edge.source.address, edge.target.address, edge.port) for edge in self.surroundings.platform.wiring.edges
        }


def build(program: Callable[[Surroundings], Any], **changes: Any) -> Built:
    """Run `program` with fresh surroundings under the recording monitor. Assert on the result after this returns:
    registrations are asynchronous and only complete then."""
    kept: dict[str, Any] = {}

    def run() -> None:
        kept["surroundings"] = make_surroundings(**changes)
        kept["result"] = program(kept["surroundings"])

    rendered = record(run)
    return Built(rendered=rendered, surroundings=kept["surroundings"], result=kept["result"])
