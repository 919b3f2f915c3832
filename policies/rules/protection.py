"""What must not be deleted along with a stack, or by a change of its name."""

from __future__ import annotations

from collections.abc import Iterable

from policies.checks import per_subject
from policies.demands import of_types, switched_on
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.rules.aws.buckets import BUCKETS, ENCRYPTION, VAULTS
from policies.rules.aws.databases import DATABASES
from policies.rules.aws.keys import KEYS
from policies.rules.aws.stores import METRICS
from policies.rules.cluster.control_plane import EKS_CLUSTERS
from policies.stack import Stack
from policies.subjects import Subject

STORES = (*BUCKETS, *DATABASES, *VAULTS, *METRICS, *EKS_CLUSTERS)
"""What holds data in AWS, and the cluster, with which its volumes' owners go."""

ENCRYPTED = (*ENCRYPTION, *DATABASES, *VAULTS, *METRICS, *EKS_CLUSTERS)
"""What a key encrypts for good. A key of messages in flight may go."""


def _irreplaceable(stack: Stack) -> Iterable[Subject]:
    yield from stack.of_type(*STORES)
    yield from (key for key in stack.of_type(*KEYS) if stack.dependents(key, *ENCRYPTED))
    yield from stack.of("postgresql.cnpg.io", "Cluster")
    # Charts keep nothing that the platform could not fetch again.
    yield from (workload for workload in stack.of("apps", "StatefulSet") if not workload.vendored)


def _protected(_: Stack, subject: Subject) -> Outcomes:
    if subject.kind == "StatefulSet" and not subject.root.at("spec", "volumeClaimTemplates").items():
        return
    if not subject.protect:
        yield Violation("", "must be protected from deletion")


RULES = (
    Rule(
        id="STK-03",
        title="What holds data is protected from deletion",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="One pulumi destroy, or a change of name that makes Pulumi replace the resource, deletes it with "
        "all data in it.",
        sources=("own", "docs/decisions/0015-one-guard-for-data.md"),
        remediation="Merge guarded(…) into its options (components/base/protection.py) and set protectData.",
        of_stack=per_subject(_irreplaceable, _protected),
    ),
    Rule(
        id="STK-08",
        title="The cluster refuses its deletion",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="One wrong click in the console, or another tool, deletes the cluster with everything that runs in "
        "it; Pulumi's own protection does not hold there.",
        sources=("EKS user guide: Protect EKS clusters from accidental deletion", "own"),
        remediation="Set deletionProtection: true. It also holds against what is not done by Pulumi.",
        of_object=of_types(EKS_CLUSTERS, switched_on("deletionProtection")),
    ),
)
