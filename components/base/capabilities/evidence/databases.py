"""The relational database: that it survives, that it can be set back in time, and that it is backed up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from components.base.capabilities.evidence.stores import ENCRYPTION, PLACES
from components.base.capabilities.facets import UNKNOWN, Amount, Difference, Facet, Scale, holds
from components.base.capabilities.resources import Reading, Record, Resources
from components.base.capabilities.specification import Specification

RDS = "aws:rds/instance:Instance"
_PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
_BACKUP = "aws:backup/"
_CLUSTER = "postgresql.cnpg.io:Cluster"
_ARCHIVE = "barmancloud.cnpg.io:ObjectStore"
_BACKUP_TAG = "ai-platform/backup"
_DAYS = re.compile(r"(\d+)d")


def relational(resources: Resources) -> Iterator[Reading]:
    """An instance of RDS, or a Cluster of the operator in the cluster."""
    for record in resources.of(RDS):
        yield record.level("survives", {True: "zone"}, "none", "multiAz")
        yield record.level(
            "at-rest", {True: "own-key" if record.read("kmsKeyId") else "provider-key"}, "none", "storageEncrypted"
        )
        yield record.holds("private", "publiclyAccessible", when=lambda public: public is False)
        yield record.guarded("guarded")
        yield record.holds("guarded", "deletionProtection")
        for group in resources.of(_PARAMETERS):
            yield _parameter(group, "tls-only", "rds.force_ssl", "1")
            yield _parameter(group, "strong-passwords", "rds.accepted_password_auth_method", "scram")
    for record in resources.kind(_CLUSTER):
        yield record.says("survives", _copies(record), "spec", "instances")
        spread = record.read("spec", "affinity", "podAntiAffinityType")
        yield record.says(
            "survives",
            UNKNOWN if spread is UNKNOWN else "node" if spread == "required" else "none",
            "spec",
            "affinity",
            "podAntiAffinityType",
        )
        yield Reading(facet="at-rest", value="none", urn=record.urn, path="")
        # It has a Service inside of the cluster only, and no superuser that could sign in.
        yield record.holds("private", "spec", "enableSuperuserAccess", when=lambda value: value is False)
        yield record.guarded("guarded")
        yield record.holds("tls-only", "spec", "postgresql", "pg_hba", when=_refuses_plain)
        yield record.holds("strong-passwords", "spec", "postgresql", "pg_hba", when=_wants_scram)


def _parameter(group: Record, facet: str, name: str, value: str) -> Reading:
    return group.holds(facet, *group.place("parameters", name=name), "value", when=lambda given: str(given) == value)


def _copies(record: Record) -> Any:
    count = record.read("spec", "instances")
    if count is UNKNOWN:
        return UNKNOWN
    return "node" if isinstance(count, (int, float)) and count > 1 else "none"


def _refuses_plain(lines: list[str]) -> bool:
    return any(line.startswith("hostssl ") for line in lines) and lines[-1].split() == [
        "host",
        "all",
        "all",
        "all",
        "reject",
    ]


def _wants_scram(lines: list[str]) -> bool:
    accepted = [line for line in lines if not line.endswith("reject")]
    return bool(accepted) and all(line.endswith("scram-sha-256") for line in accepted)


def point_in_time(resources: Resources) -> Iterator[Reading]:
    """How far back the database can be set."""
    for record in resources.of(RDS):
        yield record.amount("window", "backupRetentionPeriod")
        yield record.holds("continuous", "backupRetentionPeriod", when=lambda days: int(days) > 0)
        yield record.holds("outlives-server", "deleteAutomatedBackups", when=lambda value: value is False)
    for record in resources.kind(_ARCHIVE):
        yield record.amount("window", "spec", "retentionPolicy", of=_days)
        yield record.holds(
            "outlives-server", "spec", "configuration", "destinationPath", when=lambda at: at.startswith("s3://")
        )
    for record in resources.kind(_CLUSTER):
        yield record.holds(
            "continuous", *record.place("spec", "plugins", name="barman-cloud.cloudnative-pg.io"), "isWALArchiver"
        )


def _days(text: str) -> int:
    found = _DAYS.fullmatch(text)
    return int(found[1]) if found else 0


def backups(resources: Resources) -> Iterator[Reading]:
    """What takes backups of the database each day, and what keeps them."""
    clusters = {cluster.object_name for cluster in resources.kind(_CLUSTER)}
    for record in resources.kind("postgresql.cnpg.io:ScheduledBackup"):
        # Seconds, minutes, hours, then days: one that names no day runs on every day.
        yield record.holds("daily", "spec", "schedule", when=lambda text: text.split()[3:] == ["*", "*", "*"])
        yield record.holds("databases", "spec", "cluster", "name", when=clusters.__contains__)
        yield record.exists("kept-from-deletion", "policy")
        yield record.exists("at-rest", "none")
    plans = resources.of(f"{_BACKUP}plan:Plan")
    for record in plans:
        yield record.holds(
            "daily", "rules", 0, "schedule", when=lambda text: text.startswith("cron(") and " * * ? *)" in text
        )
    if plans:
        yield from _selected(resources, plans)
        yield from _vaults(resources)


def _selected(resources: Resources, plans: list[Record]) -> Iterator[Reading]:
    """Whether the plan of AWS takes in the database: by a tag that selection and instance agree on."""
    selections, instances = resources.of(f"{_BACKUP}selection:Selection"), resources.of(RDS)
    if not selections or not (instances or resources.kind(_CLUSTER)):
        yield from (plan.exists("databases", "no") for plan in plans)
    for record in instances:
        yield record.holds("databases", "tags", _BACKUP_TAG, when=lambda value: value == "daily")
    for record in selections:
        conditions = record.read("conditions")
        named = _BACKUP_TAG in str(conditions)
        yield record.says("databases", UNKNOWN if conditions is UNKNOWN else "yes" if named else "no", "conditions")


def _vaults(resources: Resources) -> Iterator[Reading]:
    locks = resources.of(f"{_BACKUP}vaultLockConfiguration:VaultLockConfiguration")
    for record in resources.of(f"{_BACKUP}vault:Vault"):
        yield record.when_set("at-rest", "own-key", "provider-key", "kmsKeyArn")
        if not locks:
            yield record.says("kept-from-deletion", "policy", "name")
    for lock in locks:
        yield lock.says("kept-from-deletion", _lock(lock), "minRetentionDays")


def _lock(record: Record) -> Any:
    days = record.read("minRetentionDays")
    return UNKNOWN if days is UNKNOWN else "lock" if isinstance(days, (int, float)) and days > 0 else "policy"


SPECIFICATIONS = (
    Specification(
        name="relational-database",
        statement="Accounts, keys and spending survive the loss of a server.",
        evidence=relational,
        facets=(
            Facet(
                name="survives",
                meaning="what may be lost without losing the database",
                kind="durability",
                minimum="node",
                order=PLACES,
                differences=(
                    Difference(
                        weaker="k3s",
                        stronger="eks",
                        value="node",
                        than="zone",
                        reason="own hosts stand in one place; copies are on "
                        "different hosts, and the archive lets the database be made anew",
                    ),
                ),
            ),
            Facet(
                name="at-rest",
                meaning="how it is encrypted on disk",
                kind="security",
                minimum="none",
                order=ENCRYPTION,
                differences=(
                    Difference(
                        weaker="k3s",
                        stronger="eks",
                        value="none",
                        than="own-key",
                        reason="disks of own hosts are encrypted by their "
                        "owner, below Kubernetes, which no graph can show",
                    ),
                ),
            ),
            holds("tls-only", "connections without TLS are refused"),
            holds("strong-passwords", "passwords are never sent"),
            holds("private", "it cannot be reached from outside"),
            holds("guarded", "nothing deletes it by mistake", "durability"),
        ),
    ),
    Specification(
        name="point-in-time-recovery",
        statement="The database can be set back to any moment of the last days.",
        evidence=point_in_time,
        facets=(
            Facet(
                name="window",
                meaning="how far back",
                kind="durability",
                minimum=7,
                order=Amount("days"),
                floor_only=True,
            ),
            holds("continuous", "every change is archived", "durability"),
            holds("outlives-server", "the archive is not on the server", "durability"),
        ),
    ),
    Specification(
        name="backup-schedule",
        statement="The database is backed up every day.",
        evidence=backups,
        facets=(
            holds("daily", "once a day", "durability"),
            holds("databases", "the database is in it", "durability"),
            Facet(
                name="kept-from-deletion",
                meaning="what stops an administrator from deleting backups",
                kind="durability",
                minimum="policy",
                order=Scale(("none", "policy", "lock")),
                differences=(
                    Difference(
                        weaker="k3s",
                        stronger="eks",
                        value="policy",
                        than="lock",
                        reason="the store in the cluster has no lock that "
                        "its administrator could not open; a copy elsewhere is the answer there",
                    ),
                ),
            ),
            Facet(
                name="at-rest",
                meaning="how backups are encrypted",
                kind="security",
                minimum="none",
                order=ENCRYPTION,
                differences=(
                    Difference(
                        weaker="k3s",
                        stronger="eks",
                        value="none",
                        than="own-key",
                        reason="they lie in the object store in the cluster, which encrypts nothing (object-store)",
                    ),
                ),
            ),
        ),
    ),
)
