"""What a cluster hands to everything above it: one frozen record, the same on every substrate.

Differences between substrates are data in here, or a factory that creates the substrate's own kind of database or
bucket. Nothing above asks which substrate it runs on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pulumi

from components.base.image_registries import DOCKER_HUB, PINNED_REGISTRIES
from components.base.namespaces import PlatformNamespace
from components.base.node_pools import NodePool
from components.base.peers import CLUSTER_DNS
from components.base.protection import guarded
from components.base.wiring import Endpoint, External, Wiring, Workload

CREDENTIALS_PORT = 80
"""Port of a credentials endpoint on the node (the container credentials protocol of the AWS SDKs is plain HTTP)."""

BucketPurpose = Literal["models", "backups", "documents", "logs", "traces"]


@dataclass(frozen=True, kw_only=True)
class ImageRegistry:
    """Where images come from.

    `mirror` is `host/prefix` of an own registry that holds everything, or None. `caches` are registries that fetch what
    they lack from one upstream host each: `host/prefix` by upstream host; what other hosts have comes from there.
    """

    mirror: str | None = None
    caches: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def sources(self) -> frozenset[str]:
        """Every registry (host, or host with path prefix) that a pod's image may name: upstream, mirror and caches."""
        own = {self.mirror} if self.mirror else set()
        return PINNED_REGISTRIES | own | set(self.caches.values())

    def rewrite(self, reference: str) -> str:
        """The reference that a pod uses for the upstream image (or host, or path of images) `reference`.

        The upstream host becomes a path segment of the mirror (`quay.io/keycloak/keycloak:26` →
        `<mirror>/quay.io/keycloak/keycloak:26`), so that two upstream registries never collide. A cache stands for its
        host alone and replaces it.
        """
        if self.mirror:
            return f"{self.mirror}/{reference}"
        host, path = _upstream(reference)
        if host not in self.caches:
            return reference
        return f"{self.caches[host]}/{path}" if path else self.caches[host]


def _upstream(reference: str) -> tuple[str, str]:
    """Host and path of an image reference; one without a host is Docker Hub's, as container engines read it."""
    first, slash, path = reference.partition("/")
    if not slash:
        is_image = ":" in first or "@" in first or "." not in first
        return (DOCKER_HUB, f"library/{first}") if is_image else (first, "")
    is_host = "." in first or ":" in first or first == "localhost"
    return (first, path) if is_host else (DOCKER_HUB, reference)


@dataclass(frozen=True, kw_only=True)
class StorageClasses:
    """Storage classes by meaning. `fast`: local or provisioned-IOPS block; `shared`: mountable by many nodes, or None
    where the substrate has none; `retained`: block whose volume outlives its claim, for data that must not be lost.
    """

    fast: str
    retained: str
    shared: str | None = None


@dataclass(frozen=True, kw_only=True)
class FrontProxy:
    """A proxy in front of the edge proxies that ends the connections of clients and opens its own.

    `source` is where its connections come from. The last entry of its `X-Forwarded-For` is the client's address. Its
    TLS handshake names no host. It keeps an idle connection open for `idle_seconds`.
    """

    source: External
    idle_seconds: int


@dataclass(frozen=True, kw_only=True)
class LoadBalancer:
    """How clients outside reach the edge proxies.

    By default their Service is of type LoadBalancer: `annotations` and `load_balancer_class` go on it. Where the
    cluster registers the proxies' pods with a load balancer that it made itself, it finds them by `registered_service`,
    the name of a Service inside the cluster. `front_proxy` is None where connections of clients arrive as they are.
    """

    address_kind: Literal["ip", "hostname"]
    annotations: Mapping[str, str]
    load_balancer_class: str | None = None
    registered_service: str | None = None
    front_proxy: FrontProxy | None = None


@dataclass(frozen=True, kw_only=True)
class CertificateIssuer:
    """Specification of the cert-manager ClusterIssuer that signs the platform's public names.

    `spec` is the issuer's `spec` (camelCase, as the cert-manager CRD has it): `selfSigned`, `ca` or `acme`.
    """

    spec: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class AccessKey:
    """An S3 access key. Both halves are secret Outputs."""

    access_key_id: pulumi.Output[str]
    secret_access_key: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """One bucket. `access` is the key for this bucket alone, None where the identity of a pod is granted instead."""

    purpose: BucketPurpose
    name: pulumi.Input[str]
    access: AccessKey | None


@dataclass(frozen=True, kw_only=True)
class ObjectStore:
    """An S3 endpoint and its buckets.

    `endpoint_url` is None where the region's default endpoint is used. `peer` is the other end of the wiring, `port`
    the TCP port that S3 clients connect to.
    """

    endpoint_url: str | None
    region: str
    path_style: bool
    buckets: Mapping[BucketPurpose, Bucket]
    peer: Endpoint
    port: int


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database with its own user. `password` is a secret Output. `peer` and `port` are for the wiring."""

    host: pulumi.Input[str]
    port: int
    name: str
    user: str
    password: pulumi.Output[str]
    peer: Endpoint


@dataclass(frozen=True, kw_only=True)
class PlatformContext:
    """What every component knows of its surroundings.

    `environment` is a label, `domain` the DNS zone of the public names, `ready` the resources that must exist before
    any other (namespaces, priority classes), `protect_data` guards stateful resources against deletion.
    """

    environment: str
    domain: str
    wiring: Wiring
    ready: Sequence[pulumi.Resource]
    protect_data: bool

    def child_options(self, parent: pulumi.Resource, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a component's child: its parent, and what must exist before it."""
        return pulumi.ResourceOptions(parent=parent, depends_on=[*self.ready, *after])

    def data_options(self, parent: pulumi.Resource, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """As `child_options`, for a resource that holds data: protected where the stack says so.

        The logical name of such a resource is state; renaming it needs an alias.
        """
        return guarded(self.child_options(parent, *after), protect=self.protect_data)


@dataclass(frozen=True, kw_only=True)
class ObjectStoreRequest:
    """Buckets that the platform needs, by purpose, with the storage size in GiB that an own store reserves for them."""

    purposes: tuple[BucketPurpose, ...]
    capacity_gib: int
    replicas: int


class ObjectStoreFactory(Protocol):
    """Creates the substrate's object store: an own S3 server, or buckets of the cloud."""

    def create(
        self,
        name: str,
        request: ObjectStoreRequest,
        cluster: ClusterHandle,
        platform: PlatformContext,
        opts: pulumi.ResourceOptions,
    ) -> ObjectStore:
        """Create buckets under the logical name `name`, as children of `opts.parent`."""
        ...


@dataclass(frozen=True, kw_only=True)
class DatabaseRequest:
    """Databases that the platform needs, each with an owner of the same name.

    `instances` is the number of PostgreSQL instances (1 has no failover), `storage_gib` the volume of each,
    `retention_days` how far point-in-time recovery reaches back, `backups` the store that holds the archive.
    `extensions` names the SQL extensions (`vector`) that a database must have, by database.
    """

    databases: tuple[str, ...]
    instances: int
    storage_gib: int
    retention_days: int
    backups: ObjectStore
    extensions: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


class DatabaseFactory(Protocol):
    """Creates the substrate's PostgreSQL: an operator's cluster, or the cloud's managed service."""

    def create(
        self,
        name: str,
        request: DatabaseRequest,
        cluster: ClusterHandle,
        platform: PlatformContext,
        opts: pulumi.ResourceOptions,
    ) -> Mapping[str, Database]:
        """Create the databases under the logical name `name`, as children of `opts.parent`; keyed by database name."""
        ...


@dataclass(frozen=True, kw_only=True)
class IdentityGrant:
    """What a pod needs to reach a bucket.

    `environment` are plain variables of the S3 client (region, endpoint, path style); `access` is the key to put into a
    Secret of the pod's namespace, or None where the pod's ServiceAccount itself was granted. Pods must be created after
    `ready`: a grant that appears later reaches only pods that start later.
    """

    environment: Mapping[str, str]
    access: AccessKey | None
    ready: Sequence[pulumi.Resource] = ()


class WorkloadIdentity(Protocol):
    """Lets a ServiceAccount reach a bucket in the substrate's own way."""

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
        """Grant `service_account` of `namespace` read (and `write`) access to the bucket of `purpose`.

        `prefix` limits it to objects below that folder, where the substrate has grants and not one key per bucket.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class MetricsSink:
    """A remote-write target beside the in-cluster Prometheus.

    `sigv4_region` is set where requests are signed. `cluster` is the label by which the target tells this cluster's
    samples from another's, and recognises those of a second replica as the same ones. `peer` is the other end of the
    wiring, the HTTPS port of any address where it is None.
    """

    remote_write_url: pulumi.Input[str]
    sigv4_region: str | None = None
    cluster: str | None = None
    peer: External | None = None


@dataclass(frozen=True, kw_only=True)
class ClusterHandle:
    """A cluster, as everything above sees it.

    `providers` are the only road into the cluster and its cloud: default providers are disabled, so components are
    composed under `pulumi.ResourceOptions(providers=[*handle.providers, …])`. `ready` are the resources after which
    pods can run. `runtime_class` is the RuntimeClass that GPU pods name, None where the node's default runtime serves
    GPUs. `kubernetes_api` is the address range of the API server as seen from pods, for the egress of operators.
    `dns` is who answers names of Services. `credentials` is where pods fetch the short-lived credentials of their
    grants, None where grants are access keys.
    `namespaces` are those that this kind of cluster needs for its own add-ons, beside the platform's.
    `excepted_roles` are ClusterRoles of its add-ons that an exception of the policies names (RBAC-04), so that
    admission lets them through.
    `recovery` are outputs of the stack, none of them a secret, that whoever restores the cluster needs.
    """

    providers: tuple[pulumi.ProviderResource, ...]
    ready: Sequence[pulumi.Resource]
    pools: tuple[NodePool, ...]
    runtime_class: str | None
    storage: StorageClasses
    load_balancer: LoadBalancer
    issuer: CertificateIssuer
    registry: ImageRegistry
    kubernetes_api: External
    object_stores: ObjectStoreFactory
    databases: DatabaseFactory
    workload_identity: WorkloadIdentity
    dns: Endpoint = CLUSTER_DNS
    metrics_sink: MetricsSink | None = None
    credentials: External | None = None
    namespaces: tuple[PlatformNamespace, ...] = ()
    excepted_roles: frozenset[str] = frozenset()
    recovery: Mapping[str, pulumi.Output[str]] = field(default_factory=dict[str, pulumi.Output[str]])

    def allow_credentials(self, wiring: Wiring, workload: Workload) -> None:
        """Wire `workload`, whose ServiceAccount was granted something, to where it fetches its credentials."""
        if self.credentials is not None:
            wiring.allow(workload, self.credentials, CREDENTIALS_PORT)

    def pool(self, name: str) -> NodePool:
        """The pool called `name`. Raises KeyError naming the pools that exist."""
        for pool in self.pools:
            if pool.name == name:
                return pool
        message = f"no node pool {name!r}; the cluster has {', '.join(pool.name for pool in self.pools)}"
        raise KeyError(message)
