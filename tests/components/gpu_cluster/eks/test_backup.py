"""Copies of data in a vault, and who hears when one fails."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.components.gpu_cluster.clusters import BuiltCluster, service_plan
from tests.components.gpu_cluster.eks.program import build_eks, one, statements


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    return build_eks()


def with_plan(**changes: Any) -> BuiltCluster:
    return build_eks(data=False, services={"backup": replace(service_plan().backup, **changes)})


def test_the_vault_is_guarded_and_its_key_is_no_key_of_the_data(built: BuiltCluster) -> None:
    vault = one(built, "backup/vault:Vault")
    assert (vault.protect, vault.retain_on_delete, vault.inputs["forceDestroy"]) == (True, True, False)
    data = built.of_type(":BucketServerSideEncryptionConfiguration")["data-objects-models-encryption"].inputs
    assert vault.inputs["kmsKeyArn"] not in json.dumps(data)
    key = built.of_type("kms/key:Key")["cluster-services-backup-vault-key"]
    assert (key.protect, key.retain_on_delete, key.inputs["enableKeyRotation"]) == (True, True, True)


def test_nobody_ends_a_copy_early_and_nobody_is_locked_out(built: BuiltCluster) -> None:
    (statement,) = statements(one(built, ":VaultPolicy").inputs["policy"])
    assert (statement["Effect"], statement["Principal"], statement["Resource"]) == ("Deny", "*", ["*"])
    assert {"backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"} <= set(statement["Action"])
    assert not [action for action in statement["Action"] if "AccessPolicy" in action]


def test_the_lock_can_be_taken_back_and_holds_no_longer_than_the_shortest_retention(built: BuiltCluster) -> None:
    lock = one(built, ":VaultLockConfiguration").inputs
    assert lock["minRetentionDays"] == 35
    # With this argument AWS closes the lock for good after so many days.
    assert "changeableForDays" not in lock
    short = with_plan(daily_retention_days=60, weekly_retention_days=30)
    assert one(short, ":VaultLockConfiguration").inputs["minRetentionDays"] == 30


def test_a_stack_may_do_without_the_lock() -> None:
    assert not with_plan(locked=False).of_type(":VaultLockConfiguration")


def test_copies_are_made_every_day_and_every_sunday(built: BuiltCluster) -> None:
    daily, weekly = one(built, "backup/plan:Plan").inputs["rules"]
    assert (daily["schedule"], daily["lifecycle"]) == ("cron(0 5 * * ? *)", {"deleteAfter": 35})
    assert (weekly["schedule"], weekly["lifecycle"]) == ("cron(0 6 ? * SUN *)", {"deleteAfter": 90})
    for rule in (daily, weekly):
        assert rule["targetVaultName"] == "ai-platform-test-vault"
        assert rule["scheduleExpressionTimezone"] == "Etc/UTC"
        assert "copyActions" not in rule
        assert rule["recoveryPointTags"]["ai-platform/environment"] == "test"


def test_the_plan_provides_the_capability(built: BuiltCluster) -> None:
    assert one(built, "backup/plan:Plan").inputs["tags"]["ai-platform/capabilities"] == "backup-schedule"


def test_only_this_environments_resources_that_ask_for_it_are_copied(built: BuiltCluster) -> None:
    selection = one(built, "backup/selection:Selection")
    assert selection.inputs["resources"] == ["arn:aws:rds:*:*:db:*", "arn:aws:ec2:*:*:volume/*", "arn:aws:s3:::*"]
    (condition,) = selection.inputs["conditions"]
    assert {entry["key"]: entry["value"] for entry in condition["stringEquals"]} == {
        "aws:ResourceTag/ai-platform/backup": "daily",
        "aws:ResourceTag/ai-platform/environment": "test",
    }
    # One of these tags suffices for a selection by tags; together with it the conditions would be void.
    assert "selectionTags" not in selection.inputs


def test_the_tags_of_the_selection_are_those_of_database_bucket_and_retained_volumes(built: BuiltCluster) -> None:
    (condition,) = one(built, "backup/selection:Selection").inputs["conditions"]
    wanted = {entry["key"].removeprefix("aws:ResourceTag/"): entry["value"] for entry in condition["stringEquals"]}
    database = one(built, "rds/instance:Instance").inputs["tags"]
    bucket = built.of_type("s3/bucket:Bucket")["data-objects-backups"].inputs["tags"]
    for tags in (database, bucket, volume_tags(built, "platform-retained")):
        assert wanted.items() <= tags.items()
    assert "ai-platform/backup" not in volume_tags(built, "platform-fast")


def volume_tags(built: BuiltCluster, storage_class: str) -> dict[str, str]:
    """Tags that the driver puts on volumes of a class."""
    (parameters,) = [
        resource.inputs["parameters"]
        for resource in built.of_type(":StorageClass").values()
        if resource.inputs["metadata"]["name"] == storage_class
    ]
    pairs = [value.split("=", 1) for key, value in parameters.items() if key.startswith("tagSpecification_")]
    return {key: value for key, value in pairs}  # noqa: C416 # each pair is a list


def test_volumes_say_whose_they_are(built: BuiltCluster) -> None:
    for storage_class in ("platform-fast", "platform-retained"):
        tags = volume_tags(built, storage_class)
        assert tags["owner"] == "platform-team"
        assert tags["ai-platform/environment"] == "test"


def test_copying_and_restoring_are_different_roles_that_only_the_service_assumes(built: BuiltCluster) -> None:
    roles = {name: role for name, role in built.of_type("iam/role:Role").items() if "-backup-" in name}
    assert set(roles) == {"cluster-services-backup-role", "cluster-services-backup-restore-role"}
    for role in roles.values():
        (trust,) = statements(role.inputs["assumeRolePolicy"])
        assert trust["Principal"] == {"Service": "backup.amazonaws.com"}
    attached = {
        (policy.inputs["role"], policy.inputs["policyArn"].rsplit("/", 1)[1])
        for name, policy in built.of_type(":RolePolicyAttachment").items()
        if "-backup-" in name
    }
    assert attached == {
        ("cluster-services-backup-role", "AWSBackupServiceRolePolicyForBackup"),
        ("cluster-services-backup-role", "AWSBackupServiceRolePolicyForS3Backup"),
        ("cluster-services-backup-restore-role", "AWSBackupServiceRolePolicyForRestores"),
        ("cluster-services-backup-restore-role", "AWSBackupServiceRolePolicyForS3Restore"),
    }


def test_copies_start_when_the_role_has_its_rights(built: BuiltCluster) -> None:
    after = one(built, "backup/selection:Selection").depends_on
    assert sum(":RolePolicyAttachment::" in urn for urn in after) == 2


def test_a_second_region_has_a_vault_and_a_key_of_its_own() -> None:
    built = with_plan(copy_region="eu-central-1")
    copy = built.of_type("backup/vault:Vault")["cluster-services-backup-copy"]
    key = built.of_type("kms/key:Key")["cluster-services-backup-copy-key"]
    assert (copy.inputs["region"], key.inputs["region"]) == ("eu-central-1", "eu-central-1")
    for kind in (":VaultPolicy", ":VaultLockConfiguration"):
        assert {resource.inputs.get("region") for resource in built.of_type(kind).values()} == {None, "eu-central-1"}
    for rule in one(built, "backup/plan:Plan").inputs["rules"]:
        (action,) = rule["copyActions"]
        assert action["destinationVaultArn"].split(":")[3:] == [
            "eu-central-1", "111122223333", "backup-vault", "ai-platform-test-copy",
        ]  # fmt: skip
        assert action["lifecycle"] == rule["lifecycle"]


def test_somebody_hears_of_a_copy_that_failed(built: BuiltCluster) -> None:
    notices = one(built, ":VaultNotifications")
    assert {"BACKUP_JOB_FAILED", "COPY_JOB_FAILED", "BACKUP_JOB_EXPIRED"} <= set(notices.inputs["backupVaultEvents"])
    assert any(":TopicPolicy::" in urn for urn in notices.depends_on)
    assert one(built, ":TopicSubscription").inputs["endpoint"] == "platform@example.org"
    topic, policy = one(built, "sns/topic:Topic").inputs, statements(one(built, ":TopicPolicy").inputs["policy"])
    assert topic["kmsMasterKeyId"] == "cluster-services-notices-key-id"
    allowed = [statement["Principal"] for statement in policy if statement["Effect"] == "Allow"]
    assert allowed == [{"Service": "backup.amazonaws.com"}]
    (plain,) = [statement for statement in policy if statement["Effect"] == "Deny"]
    assert plain["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    key = statements(built.of_type("kms/key:Key")["cluster-services-notices-key"].inputs["policy"])
    (publisher,) = [item for item in key if item["Principal"] == {"Service": "backup.amazonaws.com"}]
    assert publisher["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_an_unprotected_stack_leaves_no_copies_behind() -> None:
    built = build_eks(data=False, protect_data=False)
    vault = one(built, "backup/vault:Vault")
    assert (vault.protect, vault.retain_on_delete, vault.inputs["forceDestroy"]) == (False, False, True)
