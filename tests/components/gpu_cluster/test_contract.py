"""What holds for every kind of cluster: the same handle with the same meaning, whatever it runs on."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.base.handles import (
    CertificateIssuer,
    ClusterHandle,
    DatabaseFactory,
    ImageRegistry,
    LoadBalancer,
    MetricsSink,
    ObjectStoreFactory,
    PlatformContext,
    StorageClasses,
    WorkloadIdentity,
)
from components.base.namespaces import NAMESPACES, PlatformNamespace
from components.base.node_pools import NodePool
from components.base.wiring import External, Workload
from components.charts import ChartSource
from components.gpu_cluster.contract import GpuCluster, GpuSoftware
from components.gpu_cluster.eks.auto_mode.auto_mode import AutoModePlan
from components.gpu_cluster.eks.cluster import EksGpuCluster
from components.gpu_cluster.k3s.cluster import K3sGpuCluster
from components.gpu_cluster.node_labels import registration_labels
from components.namespaces import Namespaces, NamespacesArgs
from components.network_isolation import NetworkIsolation, NetworkIsolationArgs
from tests.components.gpu_cluster.clusters import (
    IMPLEMENTATIONS,
    POOLS,
    BuiltCluster,
    Make,
    build_cluster,
    edge_plan,
    eks_args,
    k3s_args,
)
from tests.stacks.conftest import STACKS, rendered_stack
from tools.render import wire
from tools.render.monitor import RecordedResource

ROOT = Path(__file__).resolve().parents[3]
SUBSTRATE_WORDS = re.compile(
    r"k3s|\beks\b|aws|\bebs\b|amazon|rancher|metallb|longhorn|karpenter|\brds\b", re.IGNORECASE
)
OPTIONAL = {"runtime_class", "metrics_sink", "credentials"}
"""Fields that may be None: what they name does not exist everywhere."""
SHAPES: dict[str, type | tuple[type, ...]] = {
    "pools": tuple,
    "runtime_class": str,
    "storage": StorageClasses,
    "load_balancer": LoadBalancer,
    "issuer": CertificateIssuer,
    "registry": ImageRegistry,
    "kubernetes_api": External,
    "metrics_sink": MetricsSink,
    "credentials": External,
    "namespaces": tuple,
    "excepted_roles": frozenset,
    "providers": tuple,
    "ready": Sequence,
    "dns": (Workload, External),
    "recovery": Mapping,
}
FACTORIES = {
    "object_stores": ObjectStoreFactory.create,
    "databases": DatabaseFactory.create,
    "workload_identity": WorkloadIdentity.grant,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Composed:
    """What the composition made of the cluster."""

    add_ons: tuple[pulumi.Resource, ...]
    namespaces: tuple[PlatformNamespace, ...]


def compose(cluster: GpuCluster, platform: PlatformContext, opts: pulumi.ResourceOptions) -> Composed:
    """As `stacks/platform.py` does: namespaces, then add-ons, and at the end isolation by what was wired."""
    handle = cluster.handle
    namespaces = (*NAMESPACES, *handle.namespaces)
    created = Namespaces(
        "platform", NamespacesArgs(environment="test", pools=handle.pools, namespaces=namespaces), opts
    )
    platform = dataclasses.replace(platform, ready=(*platform.ready, *created.ready))
    add_ons = cluster.install_add_ons(platform, ChartSource(location="none"), opts)
    NetworkIsolation("network", NetworkIsolationArgs(platform=platform, namespaces=namespaces), opts)
    return Composed(add_ons=add_ons, namespaces=namespaces)


VARIANTS: dict[str, Make] = {
    "k3s without runtime class": lambda opts: K3sGpuCluster(
        "cluster", k3s_args(gpu_software=GpuSoftware(container_runtime="nri")), opts
    ),
    "eks in auto mode": lambda opts: EksGpuCluster(
        "cluster", eks_args(auto_mode=AutoModePlan(node_max_age_hours=336)), opts
    ),
    "eks behind an application load balancer": lambda opts: EksGpuCluster(
        "cluster", eks_args(edge=edge_plan("application")), opts
    ),
}
"""Options of the implementations that change what the handle says."""
CLUSTERS = {**IMPLEMENTATIONS, **VARIANTS}


@cache
def composed(name: str) -> BuiltCluster:
    return build_cluster(CLUSTERS[name], compose)


@pytest.fixture(params=sorted(CLUSTERS))
def built(request: pytest.FixtureRequest) -> BuiltCluster:
    return composed(request.param)


def parameters(function: Any) -> dict[str, Any]:
    """Name, kind and default of the parameters, without `self`."""
    found = {name: (item.kind, item.default) for name, item in inspect.signature(function).parameters.items()}
    return {name: value for name, value in found.items() if name != "self"}


def test_the_handle_has_every_field_of_the_contract(built: BuiltCluster) -> None:
    handle = built.cluster.handle
    assert type(handle) is ClusterHandle
    assert type(built.cluster.gpu_software) is GpuSoftware
    unset = {field.name for field in dataclasses.fields(handle) if getattr(handle, field.name) is None}
    assert unset <= OPTIONAL


def test_every_field_has_the_type_of_the_contract(built: BuiltCluster) -> None:
    handle = built.cluster.handle
    assert {field.name for field in dataclasses.fields(handle)} == {*SHAPES, *FACTORIES}
    for name, shape in SHAPES.items():
        value = getattr(handle, name)
        assert isinstance(value, shape) or (name in OPTIONAL and value is None), name
    assert all(isinstance(pool, NodePool) for pool in handle.pools)
    assert all(isinstance(namespace, PlatformNamespace) for namespace in handle.namespaces)
    assert all(isinstance(provider, pulumi.ProviderResource) for provider in handle.providers)
    assert all(isinstance(resource, pulumi.Resource) for resource in handle.ready)


@pytest.mark.parametrize("field", FACTORIES)
def test_factories_are_called_alike(built: BuiltCluster, field: str) -> None:
    factory = getattr(built.cluster.handle, field)
    method = getattr(factory, FACTORIES[field].__name__)
    assert parameters(method) == parameters(FACTORIES[field])


def test_add_ons_are_installed_alike(built: BuiltCluster) -> None:
    assert parameters(built.cluster.install_add_ons) == parameters(GpuCluster.install_add_ons)
    assert all(isinstance(resource, pulumi.Resource) for resource in built.result.add_ons)


def test_pools_labels_and_taints_are_those_of_the_settings(built: BuiltCluster) -> None:
    handle = built.cluster.handle
    assert handle.pools == POOLS
    assert handle.pool("l40s").labels == {"ai-platform/pool": "l40s", "ai-platform/role": "gpu"}
    assert [taint.key for taint in handle.pool("l40s").taints] == ["nvidia.com/gpu"]
    assert handle.pool("system").taints == ()


def registered_labels(built: BuiltCluster) -> list[set[str]]:
    """`key=value` of each group of nodes, wherever this kind of cluster says it: node group, node pool or host."""
    groups = [resource.inputs["labels"] for resource in built.of_type(":NodeGroup").values()]
    groups += [item.inputs["spec"]["template"]["metadata"]["labels"] for item in built.of_type(":NodePool").values()]
    found = [{f"{key}={value}" for key, value in labels.items()} for labels in groups]
    for resource in built.of_type("command:remote:Command").values():
        listed = re.search(r"^node-label:\n((?:- .+\n)+)", str(wire.clear(resource.inputs.get("stdin"))), re.MULTILINE)
        found += [set(listed[1].removeprefix("- ").strip().split("\n- "))] if listed else []
    return found


@pytest.mark.parametrize("cluster", sorted(set(CLUSTERS) - {"existing"}))
def test_nodes_register_with_the_labels_of_their_pool(cluster: str) -> None:
    """An existing cluster's nodes are registered already."""
    found = registered_labels(composed(cluster))
    for pool in POOLS:
        wanted = {f"{key}={value}" for key, value in registration_labels(pool).items()}
        of_pool = [labels for labels in found if f"ai-platform/pool={pool.name}" in labels]
        assert of_pool, pool.name
        assert all(labels == wanted for labels in of_pool), pool.name


def test_gpu_quotas_are_the_same_everywhere(built: BuiltCluster) -> None:
    quotas = {
        resource.inputs["metadata"]["namespace"]: resource.inputs["spec"]["hard"]
        for resource in built.of_type(":ResourceQuota").values()
    }
    assert quotas["models"] == {"requests.nvidia.com/gpu": "8", "requests.nvidia.com/mig-1g.18gb": "56"}
    for namespace in built.cluster.handle.namespaces:
        assert set(quotas[namespace.name].values()) == {"0"}


def test_namespaces_of_add_ons_are_labelled_and_say_why_they_need_more(built: BuiltCluster) -> None:
    created = {
        resource.inputs["metadata"]["name"]: resource.inputs["metadata"]
        for resource in built.of_type(":Namespace").values()
    }
    for namespace in built.cluster.handle.namespaces:
        labels = created[namespace.name]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == namespace.level
        assert (namespace.level == "restricted") is (namespace.reason == "")


def test_every_namespace_is_closed_in_both_directions(built: BuiltCluster) -> None:
    closed = {
        resource.inputs["metadata"]["namespace"]
        for resource in built.of_type(":NetworkPolicy").values()
        if not resource.inputs["spec"].get("podSelector")
        and set(resource.inputs["spec"]["policyTypes"]) == {"Ingress", "Egress"}
        and not resource.inputs["spec"].get("ingress")
        and not resource.inputs["spec"].get("egress")
    }
    assert {namespace.name for namespace in built.result.namespaces} <= closed


def test_storage_classes_of_the_handle_exist_and_only_the_retained_one_outlives_its_claim(built: BuiltCluster) -> None:
    storage = built.cluster.handle.storage
    classes = {
        resource.inputs["metadata"]["name"]: resource.inputs for resource in built.of_type(":StorageClass").values()
    }
    named = {storage.fast, storage.retained, storage.shared} - {None}
    assert named <= set(classes)
    assert classes[storage.fast]["reclaimPolicy"] == "Delete"
    assert classes[storage.retained]["reclaimPolicy"] == "Retain"


def test_no_storage_class_becomes_the_clusters_default(built: BuiltCluster) -> None:
    classes = built.of_type(":StorageClass")
    assert classes
    for resource in classes.values():
        annotations = resource.inputs["metadata"].get("annotations", {})
        assert annotations.get("storageclass.kubernetes.io/is-default-class", "false") == "false"


def test_a_kubernetes_provider_is_handed_on_and_is_never_replaced_by_a_changed_kubeconfig(built: BuiltCluster) -> None:
    providers = built.of_type("pulumi:providers:kubernetes")
    assert list(providers) == ["cluster-kubernetes"]
    assert providers["cluster-kubernetes"].inputs["clusterIdentifier"] == "test-cluster"
    assert built.cluster.handle.providers[0].package == "kubernetes"


def test_every_resource_has_an_explicit_provider(built: BuiltCluster) -> None:
    custom = [resource for resource in built.rendered.resources if resource.custom]
    assert custom
    assert all(resource.provider for resource in custom if not resource.type.startswith("pulumi:providers:"))


def test_names_that_others_see_say_nothing_of_the_substrate(built: BuiltCluster) -> None:
    handle = built.cluster.handle
    storage = (handle.storage.fast, handle.storage.retained, handle.storage.shared or "")
    seen = [*storage, handle.kubernetes_api.name, handle.runtime_class or "", handle.dns.name, *handle.recovery]
    seen += [handle.credentials.name] if handle.credentials else []
    assert not [name for name in seen if SUBSTRATE_WORDS.search(name)]


def texts(resource: RecordedResource) -> Iterator[str]:
    """Names, labels and annotations of an object and of the pods that it makes."""
    yield resource.name
    metadata = [resource.inputs.get("metadata") or {}]
    template = (resource.inputs.get("spec") or {}).get("template") or {}
    metadata += [template.get("metadata") or {}] if isinstance(template, dict) else []
    for part in metadata:
        yield part.get("name") or ""
        for key in ("labels", "annotations"):
            for name, value in (part.get(key) or {}).items():
                yield f"{name}={wire.redacted(value)}"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_nothing_above_the_cluster_is_named_after_the_substrate(stack: str) -> None:
    rendered = rendered_stack(stack)
    above = [item for item in rendered.objects if rendered.component(item) not in ("gpu_cluster", "stack")]
    # Namespaces and network policies of a kind of cluster's own add-ons belong to it, whoever makes them.
    own = {item.inputs["metadata"]["name"] for item in above if item.type.endswith(":Namespace")} - {
        namespace.name for namespace in NAMESPACES
    }
    platform = [
        item for item in above if not own & {item.inputs["metadata"]["name"], item.inputs["metadata"].get("namespace")}
    ]
    assert len(platform) > 50
    leaking = [f"{item.urn}: {text}" for item in platform for text in texts(item) if SUBSTRATE_WORDS.search(text)]
    assert leaking == []


def test_the_api_server_is_known_by_ranges_that_are_not_the_whole_internet(built: BuiltCluster) -> None:
    cidrs = built.cluster.handle.kubernetes_api.cidrs
    assert cidrs
    assert all(ip_network(cidr).prefixlen >= 8 for cidr in cidrs)


def test_something_is_ready_before_pods_are_made(built: BuiltCluster) -> None:
    assert built.cluster.handle.ready


def test_the_whole_cluster_is_one_component(built: BuiltCluster) -> None:
    made = [r for r in built.rendered.resources if built.rendered.component(r) in ("gpu_cluster", "stack")]
    outside = [resource.name for resource in made if built.rendered.component(resource) == "stack"]
    assert outside == ["random"]


def secrets_and_plain(resource: RecordedResource) -> tuple[set[str], list[str]]:
    """Texts that are marked secret, and all other texts."""
    secrets: set[str] = set()
    plain: list[str] = []

    def walk(value: Any, *, secret: bool) -> None:
        if wire.is_secret(value):
            walk(value["value"], secret=True)
        elif isinstance(value, dict):
            for key, item in value.items():
                plain.append(str(key))
                walk(item, secret=secret)
        elif isinstance(value, list):
            for item in value:
                walk(item, secret=secret)
        elif isinstance(value, str):
            secrets.add(value) if secret else plain.append(value)

    walk(resource.inputs, secret=False)
    return secrets, plain


@pytest.mark.parametrize("stack", STACKS)
def test_no_secret_stands_in_a_plain_argument(stack: str) -> None:
    """A text that is secret in one place is in no other one, nor in a longer text. Whole stacks, one of each kind of
    cluster: a cluster in AWS by itself has no secret yet."""
    taken_apart = [(resource, *secrets_and_plain(resource)) for resource in rendered_stack(stack).resources]
    secrets = {text for _, found, _ in taken_apart for text in found if len(text) >= 12}
    assert len(secrets) > 5
    for resource, _, plain in taken_apart:
        leaked = [text for text in plain for secret in secrets if secret in text]
        assert not leaked, resource.urn


def test_no_output_is_a_secret(built: BuiltCluster) -> None:
    assert wire.REDACTED not in [*built.rendered.outputs.values()]


def test_a_plug_in_of_containerd_needs_no_runtime_class() -> None:
    def handle(software: GpuSoftware) -> ClusterHandle:
        built = build_cluster(lambda opts: K3sGpuCluster("cluster", k3s_args(gpu_software=software), opts))
        return built.cluster.handle

    assert handle(GpuSoftware()).runtime_class == "nvidia"
    assert handle(GpuSoftware(driver="operator")).runtime_class == "nvidia"
    assert handle(GpuSoftware(container_runtime="nri")).runtime_class is None


@pytest.mark.parametrize(
    ("option", "files"),
    [
        ("protect", ["components/base/protection.py"]),
        # The second one takes a command out of the state without running it: no data, and no guard.
        ("retain_on_delete", ["components/base/protection.py", "components/gpu_cluster/k3s/hosts/host_commands.py"]),
    ],
)
def test_data_is_guarded_in_one_place(option: str, files: list[str]) -> None:
    found = [
        str(file.relative_to(ROOT))
        for file in sorted((ROOT / "components").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("ResourceOptions")
        and option in {keyword.arg for keyword in node.keywords}
    ]
    assert found == files
