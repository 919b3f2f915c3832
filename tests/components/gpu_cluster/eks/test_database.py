"""PostgreSQL as a managed service, and the Job that makes databases in it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.base.handles import DatabaseRequest, ObjectStoreRequest, PlatformContext
from components.gpu_cluster.contract import GpuCluster
from components.gpu_cluster.eks.cluster import EksGpuCluster
from tests.components.gpu_cluster.clusters import BuiltCluster, build_cluster, eks_args, service_plan
from tests.components.gpu_cluster.eks.program import build_eks, one, statements
from tools.render import wire

IDENTIFIER = "ai-platform-test-data-postgres"


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    return build_eks()


def container(built: BuiltCluster) -> dict[str, Any]:
    return one(built, ":Job").inputs["spec"]["template"]["spec"]["containers"][0]


def environment(built: BuiltCluster) -> dict[str, Any]:
    return {entry["name"]: entry for entry in container(built)["env"]}


def test_the_database_is_private_encrypted_redundant_and_can_go_back_in_time(built: BuiltCluster) -> None:
    inputs = one(built, "rds/instance:Instance").inputs
    assert inputs["publiclyAccessible"] is False
    assert inputs["storageEncrypted"] is True
    assert inputs["multiAz"] is True
    assert inputs["backupRetentionPeriod"] == 14
    assert inputs["deletionProtection"] is True
    assert inputs["skipFinalSnapshot"] is False
    assert inputs["deleteAutomatedBackups"] is False
    assert inputs["iamDatabaseAuthenticationEnabled"] is True
    assert inputs["tags"]["ai-platform/backup"] == "daily"
    assert wire.is_secret(inputs["password"])


def test_only_encrypted_connections_with_a_sound_password_method_are_taken(built: BuiltCluster) -> None:
    group = one(built, ":ParameterGroup").inputs
    parameters = {entry["name"]: entry["value"] for entry in group["parameters"]}
    assert parameters["rds.force_ssl"] == "1"
    assert parameters["rds.accepted_password_auth_method"] == "scram"
    assert group["family"] == f"postgres{one(built, 'rds/instance:Instance').inputs['engineVersion']}"


def test_no_statement_is_logged_because_one_of_them_holds_passwords(built: BuiltCluster) -> None:
    parameters = {entry["name"]: entry["value"] for entry in one(built, ":ParameterGroup").inputs["parameters"]}
    assert parameters.pop("log_min_error_statement") == "panic"
    assert not {name for name in parameters if "statement" in name or "duration" in name or "pgaudit" in name}


def test_log_groups_that_rds_would_make_exist_before_the_instance(built: BuiltCluster) -> None:
    instance = one(built, "rds/instance:Instance")
    assert instance.inputs["identifier"] == IDENTIFIER
    groups = {name: group for name, group in built.of_type(":LogGroup").items() if name.startswith("data-postgres")}
    assert {group.inputs["name"] for group in groups.values()} == {
        f"/aws/rds/instance/{IDENTIFIER}/{log}" for log in instance.inputs["enabledCloudwatchLogsExports"]
    }
    for name, group in groups.items():
        assert group.inputs["retentionInDays"] == 90
        assert group.inputs["kmsKeyId"].startswith("arn:aws:kms:")
        assert any(urn.endswith(f"::{name}") for urn in instance.depends_on)


def test_the_log_key_is_one_that_log_delivery_may_use(built: BuiltCluster) -> None:
    key = built.of_type("kms/key:Key")["cluster-infrastructure-keys-cluster"]
    principals = [statement["Principal"] for statement in statements(key.inputs["policy"])]
    assert {"Service": "logs.eu-north-1.amazonaws.com"} in principals
    (control_plane,) = [
        group.inputs["kmsKeyId"] for group in built.of_type(":LogGroup").values() if "/aws/eks/" in group.inputs["name"]
    ]
    groups = built.of_type(":LogGroup")
    assert groups["data-postgres-postgresql-logs"].inputs["kmsKeyId"] == control_plane


def test_the_operating_system_is_watched_by_a_role_of_the_own_account(built: BuiltCluster) -> None:
    instance = one(built, "rds/instance:Instance")
    assert instance.inputs["monitoringInterval"] == 60
    role = built.of_type("iam/role:Role")["data-postgres-monitoring-role"].inputs
    (trust,) = statements(role["assumeRolePolicy"])
    assert trust["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    assert any(urn.endswith("::data-postgres-monitoring-role-policy") for urn in instance.depends_on)


def test_windows_authority_and_growth_are_those_of_the_plan(built: BuiltCluster) -> None:
    inputs = one(built, "rds/instance:Instance").inputs
    assert (inputs["backupWindow"], inputs["maintenanceWindow"]) == ("02:00-03:00", "sun:03:30-sun:04:30")
    assert inputs["caCertIdentifier"] == "rds-ca-rsa2048-g1"
    assert (inputs["allocatedStorage"], inputs["maxAllocatedStorage"]) == (50, 200)


def test_without_monitoring_no_role_is_named() -> None:
    plan = replace(service_plan().database, monitoring_seconds=0, max_storage_gib=500)
    inputs = one(build_eks(services={"database": plan}), "rds/instance:Instance").inputs
    assert inputs["monitoringInterval"] == 0
    assert "monitoringRoleArn" not in inputs
    assert inputs["maxAllocatedStorage"] == 500


def test_only_nodes_connect_to_the_database(built: BuiltCluster) -> None:
    rule = built.of_type(":SecurityGroupIngressRule")["data-postgres-from-nodes"].inputs
    assert rule["referencedSecurityGroupId"] == "cluster-infrastructure-control-plane-cluster-security-group-id"
    assert (rule["fromPort"], rule["toPort"]) == (5432, 5432)
    assert "cidrIpv4" not in rule
    assert not {"ingress", "egress"} & set(
        built.of_type("ec2/securityGroup:SecurityGroup")["data-postgres-group"].inputs
    )


def test_data_subnets_have_no_route_out(built: BuiltCluster) -> None:
    associated = {resource.inputs["subnetId"] for resource in built.of_type(":RouteTableAssociation").values()}
    data = {f"cluster-infrastructure-network-zone{index}-data-id" for index in (1, 2, 3)}
    assert associated
    assert set(one(built, "rds/subnetGroup:SubnetGroup").inputs["subnetIds"]) == data
    assert not data & associated


def test_databases_and_owners_are_made_by_a_job_that_users_of_the_database_wait_for(built: BuiltCluster) -> None:
    assert environment(built)["DATABASES"]["value"] == "keycloak litellm"
    assert "value" not in environment(built)["PGPASSWORD"]
    assert one(built, ":Job").inputs["metadata"]["namespace"] == "data"
    assert container(built)["securityContext"]["readOnlyRootFilesystem"] is True
    edges = {(e.source.address, e.target.address, e.port) for e in built.platform.wiring.edges}
    assert ("data/data-postgres-roles", "external/postgres", 5432) in edges


def test_the_job_encrypts_and_with_the_regions_certificates_also_checks_the_server(built: BuiltCluster) -> None:
    assert environment(built)["PGSSLMODE"]["value"] == "require"
    assert "PGSSLROOTCERT" not in environment(built)
    text = "-----BEGIN CERTIFICATE-----\nexample\n-----END CERTIFICATE-----\n"
    checked = build_eks(services={"database": replace(service_plan().database, authority_certificates=text)})
    assert environment(checked)["PGSSLMODE"]["value"] == "verify-full"
    folder, _, file = environment(checked)["PGSSLROOTCERT"]["value"].rpartition("/")
    assert one(checked, ":ConfigMap").inputs["data"][file] == text
    assert {mount["mountPath"] for mount in container(checked)["volumeMounts"]} >= {folder}


def test_every_database_has_a_password_of_its_own(built: BuiltCluster) -> None:
    inputs = one(built, "core/v1:Secret").inputs
    clear = wire.clear(inputs["stringData"])
    assert set(clear) == {"administrator", "keycloak", "litellm"}
    assert len(set(clear.values())) == 3
    assert not [value for value in clear.values() if value in json.dumps(wire.redacted(inputs))]


@pytest.mark.parametrize(
    ("changes", "plan", "message"),
    [
        ({"retention_days": 90}, {}, r"data\.postgres\.retentionDays: 90: RDS keeps 1 to 35 days"),
        ({"storage_gib": 10}, {}, r"data\.postgres\.storageGib: 10: RDS needs at least 20"),
        ({}, {"max_storage_gib": 50}, r"cluster\.database\.maxStorageGib: 50: .* at least 55 GiB"),
    ],
)
def test_what_the_service_does_not_offer_is_refused_with_the_key(
    changes: dict[str, Any], plan: dict[str, Any], message: str
) -> None:
    def unfit(cluster: GpuCluster, platform: PlatformContext, opts: pulumi.ResourceOptions) -> None:
        handle = cluster.handle
        store = handle.object_stores.create(
            "data-objects",
            ObjectStoreRequest(purposes=("backups",), capacity_gib=1, replicas=1),
            handle,
            platform,
            opts,
        )
        request = DatabaseRequest(databases=("a",), instances=1, storage_gib=50, retention_days=7, backups=store)
        handle.databases.create("data-postgres", replace(request, **changes), handle, platform, opts)

    services = service_plan(database=replace(service_plan().database, **plan))
    with pytest.raises(ValueError, match=message):
        build_cluster(lambda opts: EksGpuCluster("cluster", eks_args(services=services), opts), unfit)
