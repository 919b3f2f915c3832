from __future__ import annotations

import json
import re
from typing import Any

import pytest

from components.base.node_pools import NodePool
from components.charts import ChartSource
from components.rag_data_layer import CloudNativePgFactory, DataLayerError
from tests.components.rag_data_layer_program import FACTORIES, PURPOSES, clear_secrets, data_layer
from tests.components.surroundings import Built, FixedDatabases, FixedObjectStores

OWN = {
    "Cluster",
    "ConfigMap",
    "Database",
    "Job",
    "ObjectStore",
    "PodDisruptionBudget",
    "ScheduledBackup",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
}


@pytest.fixture(scope="module")
def built() -> Built:
    return data_layer()


def annotations(built: Built) -> set[str]:
    found = [resource.inputs["metadata"].get("annotations") or {} for resource in built.rendered.objects]
    return {capability for item in found for capability in item.get("ai-platform/capabilities", "").split()}


def stateful_set(built: Built, name: str) -> dict[str, Any]:
    return built.one("StatefulSet", name)


def environment(built: Built, name: str) -> dict[str, Any]:
    [container] = stateful_set(built, name)["spec"]["template"]["spec"]["containers"]
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container["env"]}


@pytest.mark.parametrize("backend", sorted(FACTORIES))
def test_an_own_cluster_holds_every_kind_that_a_data_layer_needs(backend: str) -> None:
    four = NodePool(name="system", role="system", cpu=16, memory_gib=64, min_nodes=4, max_nodes=4)
    built = data_layer(backend, replicas=3 if backend == "seaweedfs" else 4, pools=(four,))
    assert built.kinds == OWN
    assert {item["metadata"]["name"] for item in built.objects("StatefulSet")} == {
        "cache",
        "object-store",
        "vector-store",
    }


def test_the_smallest_layer_has_all_of_it_but_the_budgets() -> None:
    assert data_layer(replicas=1).kinds == OWN - {"PodDisruptionBudget"}


def test_on_a_cloud_only_vectors_and_cache_are_own_servers() -> None:
    built = data_layer(object_stores=FixedObjectStores(), databases=FixedDatabases())
    assert {item["metadata"]["name"] for item in built.objects("StatefulSet")} == {"cache", "vector-store"}
    assert "Cluster" not in built.kinds
    assert set(built.result.databases) == {"keycloak", "litellm", "rag"}


def test_everything_that_an_environment_must_provide_is_marked(built: Built) -> None:
    assert annotations(built) == {
        "object-store",
        "relational-database",
        "point-in-time-recovery",
        "backup-schedule",
        "vector-store",
        "cache",
    }


def test_endpoints_are_handed_on_typed(built: Built) -> None:
    layer = built.result
    assert set(layer.store.buckets) == set(PURPOSES)
    assert set(layer.databases) == {"keycloak", "litellm", "rag"}
    assert layer.vectors.url == "http://vector-store.data.svc.cluster.local:6333"
    assert (layer.cache.host, layer.cache.port) == ("cache.data.svc.cluster.local", 6379)
    assert dict(layer.cache.peer.selector)["app.kubernetes.io/component"] == "cache"


def test_the_databases_are_archived_in_the_layers_own_store(built: Built) -> None:
    assert built.one("ObjectStore")["spec"]["configuration"]["endpointURL"] == built.result.store.endpoint_url
    assert ("data/postgres", "data/object-store", built.result.store.port) in built.edges
    archive = clear_secrets(built)["data-databases-archive-key"]
    identities = json.loads(clear_secrets(built)["data-objects-secret"]["identities.json"])["identities"]
    [backups] = [identity for identity in identities if identity["name"] == "backups"]
    assert backups["credentials"] == [
        {"accessKey": archive["ACCESS_KEY_ID"], "secretKey": archive["ACCESS_SECRET_KEY"]}
    ]


def test_nothing_but_its_own_parts_and_prometheus_reaches_the_layer_by_itself(built: Built) -> None:
    sources = {source for source, target, _ in built.edges if target.startswith("data/")}
    assert sources == {
        "data/cloudnative-pg",
        "data/object-store",
        "data/object-store-buckets",
        "data/postgres",
        "data/vector-store",
        "external/kubernetes-api",
        "observability/prometheus",
    }


def test_no_pod_of_the_layer_reaches_the_internet(built: Built) -> None:
    targets = {target for _, target, _ in built.edges if target.startswith("external/")}
    assert targets == {"external/kubernetes-api"}


def test_vectors_need_a_key_that_is_in_a_secret(built: Built) -> None:
    variables = environment(built, "vector-store")
    secret = clear_secrets(built)["data-vectors-secret"]
    for variable in ("QDRANT__SERVICE__API_KEY", "QDRANT__SERVICE__READ_ONLY_API_KEY"):
        assert variables[variable]["secretKeyRef"]["key"] in secret
    assert len(set(secret.values())) == 2
    assert all(len(value) >= 32 for value in secret.values())


def test_vector_servers_report_nothing_home_and_fetch_no_address_of_a_client(built: Built) -> None:
    variables = environment(built, "vector-store")
    assert variables["QDRANT__TELEMETRY_DISABLED"] == "true"
    assert variables["QDRANT__SERVICE__ENABLE_SNAPSHOT_URL_RECOVERY"] == "false"
    assert variables["QDRANT__SERVICE__ENABLE_STATIC_CONTENT"] == "false"


@pytest.mark.parametrize(("replicas", "copies"), [(1, "1"), (3, "2")])
def test_shards_have_two_copies_where_there_are_servers_for_them(replicas: int, copies: str) -> None:
    variables = environment(data_layer(replicas=replicas), "vector-store")
    assert variables["QDRANT__STORAGE__COLLECTION__REPLICATION_FACTOR"] == copies
    assert variables["QDRANT__CLUSTER__ENABLED"] == "true"


def test_vector_servers_keep_data_and_snapshots_on_their_volume(built: Built) -> None:
    [container] = stateful_set(built, "vector-store")["spec"]["template"]["spec"]["containers"]
    mounts = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "data"]
    variables = environment(built, "vector-store")
    for variable in ("QDRANT__STORAGE__STORAGE_PATH", "QDRANT__STORAGE__SNAPSHOTS_PATH"):
        assert any(variables[variable].startswith(f"{mount}/") for mount in mounts)


def test_the_first_vector_server_starts_the_cluster_and_the_others_join_it(built: Built) -> None:
    [container] = stateful_set(built, "vector-store")["spec"]["template"]["spec"]["containers"]
    script = container["command"][-1]
    headless = built.one("Service", "vector-store-peers")
    assert f".{headless['metadata']['name']}.data.svc.cluster.local:6335" in script
    assert re.search(r'if \[ "\$ordinal" = 0 \]; then\n  exec \S+ --uri', script)
    assert "--bootstrap" in script.splitlines()[-1]
    assert headless["spec"]["publishNotReadyAddresses"] is True


def test_ports_that_monitors_name_are_named_so(built: Built) -> None:
    [vectors] = stateful_set(built, "vector-store")["spec"]["template"]["spec"]["containers"]
    assert {port["name"]: port["containerPort"] for port in vectors["ports"]}["http"] == 6333
    assert ("observability/prometheus", "data/vector-store", 6333) in built.edges


def test_the_cache_forgets_what_was_used_least_and_has_no_volume(built: Built) -> None:
    config = built.one("ConfigMap", "data-cache-config")["data"]["valkey.conf"]
    assert "maxmemory-policy allkeys-lru" in config
    assert "maxmemory 512mb" in config
    assert "volumeClaimTemplates" not in stateful_set(built, "cache")["spec"]


def test_no_secret_lies_in_the_open(built: Built) -> None:
    text = json.dumps([item for kind in built.kinds - {"Secret"} for item in built.objects(kind)])
    values = {
        value
        for data in clear_secrets(built).values()
        for content in data.values()
        for value in re.findall(r"[A-Za-z0-9]{20,}", content)
    }
    assert len(values) > 20
    assert not [value for value in values if value in text]


def test_every_object_lives_in_the_data_namespace(built: Built) -> None:
    assert {resource.inputs["metadata"]["namespace"] for resource in built.rendered.objects} == {"data"}


def test_stateful_resources_are_guarded_and_the_cache_is_not(built: Built) -> None:
    guarded = {resource.name for resource in built.rendered.resources if resource.protect}
    assert {"data-objects-server", "data-databases-cluster", "data-vectors-server", "data-vectors-key"} <= guarded
    assert not [name for name in guarded if name.startswith("data-cache")]


def test_two_vector_servers_are_refused() -> None:
    with pytest.raises(DataLayerError, match=r"data\.vectors\.replicas: Qdrant needs 1 or at least 3"):
        data_layer(replicas=2, object_stores=FixedObjectStores(), databases=FixedDatabases())


def test_a_layer_without_a_bucket_for_backups_is_refused() -> None:
    with pytest.raises(DataLayerError, match="needs a bucket for backups, it is asked for models"):
        data_layer(purposes=("models",))


def test_a_factory_is_plain_data() -> None:
    factory = CloudNativePgFactory(charts=ChartSource(), backup_schedule="0 0 2 * * *")
    assert factory == CloudNativePgFactory(charts=ChartSource(), backup_schedule="0 0 2 * * *")
