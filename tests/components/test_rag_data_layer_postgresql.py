from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.base.handles import BucketPurpose, IdentityGrant, ObjectStore
from components.base.node_pools import NodePool
from components.base.wiring import External
from components.rag_data_layer import DataLayerError
from tests.components.rag_data_layer_program import clear_secrets, databases
from tests.components.surroundings import Built
from tests.crd_schemas import schema_problems


@pytest.fixture(scope="module")
def built() -> Built:
    return databases("keycloak", "litellm", "rag", extensions={"rag": ("vector",)})


class GrantedServiceAccount:
    """Grants the pod's ServiceAccount itself, as a cloud does."""

    def __init__(self) -> None:
        self.granted: list[tuple[str, str, BucketPurpose, bool]] = []

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
    ) -> IdentityGrant:
        self.granted.append((namespace, service_account, purpose, write))
        return IdentityGrant(environment={}, access=None)


def custom_resources(built: Built) -> list[dict[str, Any]]:
    kinds = ("Cluster", "Database", "ObjectStore", "ScheduledBackup")
    return [item for kind in kinds for item in built.objects(kind)]


def test_every_custom_resource_is_one_that_the_operator_knows(built: Built) -> None:
    items = custom_resources(built)
    assert len(items) == 6
    assert {item["metadata"]["name"]: schema_problems(item) for item in items if schema_problems(item)} == {}


def test_each_database_has_an_owner_of_its_name_with_a_password_of_its_own(built: Built) -> None:
    secrets = clear_secrets(built)
    passwords: set[str] = set()
    for name in ("keycloak", "litellm", "rag"):
        database = built.one("Database", f"postgres-{name}")
        assert (database["spec"]["name"], database["spec"]["owner"]) == (name, name)
        secret = built.one("Secret", f"postgres-{name}")
        assert secret["type"] == "kubernetes.io/basic-auth"
        assert secret["metadata"]["labels"]["cnpg.io/reload"] == "true"
        clear = secrets[f"data-databases-users-{name}"]
        assert clear["username"] == name
        passwords.add(clear["password"])
    assert len(passwords) == 3


def test_secrets_that_the_cluster_names_exist(built: Built) -> None:
    named = {role["passwordSecret"]["name"] for role in built.one("Cluster")["spec"]["managed"]["roles"]}
    credentials = built.one("ObjectStore")["spec"]["configuration"]["s3Credentials"]
    existing = {item["metadata"]["name"]: set(item["stringData"]) for item in built.objects("Secret")}
    assert named <= set(existing)
    for reference in credentials.values():
        assert reference["key"] in existing[reference["name"]]


def test_no_password_is_found_outside_of_secrets(built: Built) -> None:
    values = [text for data in clear_secrets(built).values() for key, text in data.items() if key == "password"]
    assert len(values) == 3
    text = json.dumps([item for kind in built.kinds - {"Secret"} for item in built.objects(kind)])
    assert not [value for value in values if value in text]
    assert "[secret]" not in text


def test_pgvector_is_created_only_where_it_is_asked_for(built: Built) -> None:
    assert built.one("Database", "postgres-rag")["spec"]["extensions"] == [{"name": "vector", "ensure": "present"}]
    assert "extensions" not in built.one("Database", "postgres-litellm")["spec"]


def test_the_log_is_archived_where_base_backups_go(built: Built) -> None:
    [plugin] = built.one("Cluster")["spec"]["plugins"]
    archive = built.one("ObjectStore")
    configuration = archive["spec"]["configuration"]
    assert plugin["parameters"]["barmanObjectName"] == archive["metadata"]["name"]
    assert configuration["destinationPath"] == "s3://backups/postgresql"
    assert configuration["endpointURL"] == "http://object-store.data.svc.cluster.local:8333"
    assert archive["spec"]["retentionPolicy"] == "14d"
    assert built.one("ScheduledBackup")["spec"]["cluster"]["name"] == built.one("Cluster")["metadata"]["name"]


def test_uploads_carry_no_checksum_trailer_that_only_aws_takes(built: Built) -> None:
    environment = built.one("ObjectStore")["spec"]["instanceSidecarConfiguration"]["env"]
    values = {item["name"]: item["value"] for item in environment}
    assert values["AWS_REQUEST_CHECKSUM_CALCULATION"] == "when_required"
    assert values["AWS_RESPONSE_CHECKSUM_VALIDATION"] == "when_required"


def test_data_is_kept_on_a_retained_volume_and_guarded(built: Built) -> None:
    spec = built.one("Cluster")["spec"]
    assert spec["storage"]["storageClass"] == spec["walStorage"]["storageClass"] == "retained"
    guarded = {resource.name for resource in built.rendered.resources if resource.protect}
    assert guarded == {
        "data-databases-cluster",
        *(f"data-databases-users-{n}-password" for n in ("keycloak", "litellm", "rag")),
    }


def test_connections_are_those_that_the_operator_documents(built: Built) -> None:
    expected = {
        ("data/cloudnative-pg", "data/postgres", 8000),
        ("data/cloudnative-pg", "data/postgres", 5432),
        ("data/cloudnative-pg", "data/plugin-barman-cloud", 9090),
        ("external/kubernetes-api", "data/cloudnative-pg", 9443),
        ("data/postgres", "data/postgres", 5432),
        ("data/postgres", "data/postgres", 8000),
        ("data/postgres", "data/object-store", 8333),
        ("observability/prometheus", "data/postgres", 9187),
        ("observability/prometheus", "data/cloudnative-pg", 8080),
        *(
            (f"data/{workload}", "external/kubernetes-api", port)
            for workload in ("cloudnative-pg", "plugin-barman-cloud", "postgres")
            for port in (443, 6443)
        ),
    }
    assert built.edges == expected


def test_instances_are_selected_by_the_label_that_the_operator_sets(built: Built) -> None:
    database = built.result[0]["keycloak"]
    assert dict(database.peer.selector) == {"cnpg.io/cluster": built.one("Cluster")["metadata"]["name"]}
    assert (database.port, database.name, database.user) == (5432, "keycloak", "keycloak")


def test_a_client_waits_until_its_database_is_made(built: Built) -> None:
    made, hosts = built.result
    assert set(hosts.values()) == {"postgres-rw.data.svc.cluster.local"}
    assert all(isinstance(database.host, pulumi.Output) for database in made.values())
    by_name = {resource.name: resource for resource in built.rendered.resources}
    assert by_name["data-databases-cluster"].urn in by_name["data-databases-keycloak-database"].depends_on


def test_instances_are_made_after_everything_that_they_name() -> None:
    built = databases("keycloak", charts="upstream")
    by_name = {resource.name: resource for resource in built.rendered.resources}
    needed = set(by_name["data-databases-cluster"].depends_on)
    charts = {resource.urn for resource in built.rendered.resources if resource.type.endswith(":Chart")}
    assert len(charts) == 2
    assert charts <= needed
    assert by_name["data-databases-archive-store"].urn in needed
    assert by_name["data-databases-users-keycloak"].urn in needed
    assert charts <= set(by_name["data-databases-archive-store"].depends_on)


def test_with_an_operator_the_deployment_waits_for_the_instances_and_without_one_it_does_not() -> None:
    rehearsed = databases().one("Cluster")["metadata"]["annotations"]
    deployed = databases(charts="upstream").one("Cluster")["metadata"]["annotations"]
    assert "pulumi.com/waitFor" not in rehearsed
    assert deployed["pulumi.com/waitFor"] == "condition=Ready"


def test_both_charts_live_in_the_namespace_that_they_watch() -> None:
    charts = databases(charts="none").rendered.charts
    assert {chart.inputs["chart"] for chart in charts} == {"cloudnative-pg", "plugin-barman-cloud"}
    assert {chart.inputs["namespace"] for chart in charts} == {"data"}


def test_where_the_service_account_is_granted_no_key_is_made() -> None:
    identity = GrantedServiceAccount()
    credentials = External(name="credentials", cidrs=("169.254.170.23/32",))
    built = databases(workload_identity=identity, credentials=credentials)
    assert identity.granted == [("data", "postgres", "backups", True)]
    assert built.one("ObjectStore")["spec"]["configuration"]["s3Credentials"] == {"inheritFromIAMRole": True}
    assert not [item for item in built.objects("Secret") if item["metadata"]["name"] == "postgres-archive"]
    assert ("data/postgres", "external/credentials", 80) in built.edges


def test_more_instances_than_nodes_are_refused_before_anything_is_made() -> None:
    two = NodePool(name="system", role="system", cpu=16, memory_gib=64, min_nodes=2, max_nodes=2)
    with pytest.raises(DataLayerError, match=r"data\.postgres\.instances: 3 replicas need 3 nodes"):
        databases(pools=(two,))


@pytest.mark.parametrize("name", ["app", "postgres", "template1"])
def test_a_database_that_always_exists_is_refused(name: str) -> None:
    with pytest.raises(DataLayerError, match=f"database '{name}' exists in every PostgreSQL cluster"):
        databases("keycloak", name)


def test_an_extension_of_a_database_that_is_not_made_is_refused() -> None:
    with pytest.raises(DataLayerError, match="extensions are asked for database 'rag'"):
        databases("keycloak", extensions={"rag": ("vector",)})


def test_databases_without_an_archive_are_refused() -> None:
    with pytest.raises(DataLayerError, match="no bucket for backups"):
        databases(purposes=("models",))
