"""What was lost can be brought back: databases are copied, volumes outlive their claims."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from policies.checks import each, per_subject
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.rules.aws.databases import INSTANCES
from policies.stack import Stack
from policies.subjects import Subject

BACKUP_TAG = "ai-platform/backup"
SELECTIONS = ("aws:backup/selection:Selection",)
POSTGRES = "postgresql.cnpg.io"


def _databases(stack: Stack) -> Iterable[Subject]:
    return (*stack.of(POSTGRES, "Cluster"), *stack.of_type(*INSTANCES))


def _backed_up(stack: Stack, database: Subject) -> Outcomes:
    if database.type in INSTANCES:
        return _chosen_for_backup(stack, database)
    return _saved_by_operator(stack, database)


def _chosen_for_backup(stack: Stack, database: Subject) -> Outcomes:
    tag = database.root.at("tags", BACKUP_TAG)
    if not tag.present:
        yield Violation(tag.path, "must be there: the backup plan chooses by it")
    if not any_known(stack.of_type(*SELECTIONS), _chooses_by_tag):
        yield Violation("", f"no backup selection of the stack chooses by the tag {BACKUP_TAG}")


def _chooses_by_tag(selection: Subject) -> bool:
    conditions = selection.root.at("conditions").items()
    tests = (test for condition in conditions for test in condition.at("stringEquals").items())
    return any_known(tests, lambda test: test.at("key").value == f"aws:ResourceTag/{BACKUP_TAG}")


def _saved_by_operator(stack: Stack, database: Subject) -> Outcomes:
    plugins = database.root.at("spec", "plugins")
    if not any_known(plugins.items(), lambda plugin: plugin.at("isWALArchiver").value is True):
        yield Violation(plugins.path, "must archive the write-ahead log: it brings back any moment")
    schedules = stack.near(database.namespace, POSTGRES, "ScheduledBackup")
    if not any_known(schedules, partial(_saves, database)):
        yield Violation("", "no ScheduledBackup that is not suspended names it")


def _saves(database: Subject, schedule: Subject) -> bool:
    spec = schedule.root.at("spec")
    same = schedule.namespace == database.namespace and spec.at("cluster", "name").text() == database.name
    return same and spec.at("suspend").value is not True


def _stateful(stack: Stack) -> Iterable[Subject]:
    return (*stack.of("apps", "StatefulSet"), *stack.of(POSTGRES, "Cluster"))


def _volumes_outlive_claims(stack: Stack, workload: Subject) -> Outcomes:
    return each(_storage_classes(workload), partial(_retained, stack))


def _storage_classes(workload: Subject) -> list[Field]:
    spec = workload.root.at("spec")
    if workload.kind == "StatefulSet":
        return [claim.at("spec", "storageClassName") for claim in spec.at("volumeClaimTemplates").items()]
    return [spec.at(key, "storageClass") for key in ("storage", "walStorage") if spec.at(key).present]


def _retained(stack: Stack, name: Field) -> Outcomes:
    classes = stack.of("storage.k8s.io", "StorageClass")
    if not any_known(classes, partial(_retains, name.text())):
        yield Violation(name.path, "must be a StorageClass of this stack whose reclaimPolicy is Retain")


def _retains(name: str, storage_class: Subject) -> bool:
    return storage_class.name == name and storage_class.root.at("reclaimPolicy").value == "Retain"


RULES = (
    Rule(
        id="REL-03",
        title="A backup plan or schedule chooses every database",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A dropped table or a lost disk takes keys, budgets, spending and accounts with it, and nothing "
        "brings them back.",
        sources=("FSBP RDS.26", "own"),
        remediation="CloudNativePG: a ScheduledBackup and a plugin that archives. RDS: the tag of the backup plan.",
        of_stack=per_subject(_databases, _backed_up),
    ),
    Rule(
        id="REL-20",
        title="Volumes outlive their claims",
        severity=Severity.HIGH,
        level=Level.OWN_MANDATORY,
        why="Deleting a claim or a namespace by mistake deletes the volume too, and the data on it at once.",
        sources=("Kubernetes documentation: Persistent Volumes, Reclaiming", "own"),
        remediation="Take the storage class platform-retained: a claim deleted by mistake then leaves its volume.",
        of_stack=per_subject(_stateful, _volumes_outlive_claims),
    ),
)
