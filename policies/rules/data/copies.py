"""Backups and archives lie inside the platform, unless somebody said which data may leave it."""

from __future__ import annotations

from policies.checks import per_object, together
from policies.fields import Field
from policies.findings import Level, Outcomes, Severity, Violation
from policies.gateway_routes import is_inside
from policies.registry import Rule
from policies.subjects import Subject

DATA_CLASSES = "ai-platform/data-classes"
"""Annotation of an object that copies data elsewhere: the classes of data that may be in the copy."""


def _archive(store: Subject) -> Outcomes:
    yield from _stays_inside(store, store.root.at("spec", "configuration"))


def _cluster_backup(cluster: Subject) -> Outcomes:
    target = cluster.root.at("spec", "backup", "barmanObjectStore")
    if target.present:
        yield from _stays_inside(cluster, target)


def _stays_inside(subject: Subject, target: Field) -> Outcomes:
    allowed = subject.root.at("metadata", "annotations", DATA_CLASSES)
    address = target.at("endpointURL")
    if not is_inside(address.text()) and not allowed.text():
        message = f"must be a Service of the cluster, or the annotation {DATA_CLASSES} must say what may be copied"
        yield Violation(address.path, message)


RULES = (
    Rule(
        id="AI-36",
        title="Copies of data stay inside",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A copy of the database in a store outside takes people's data and keys out of the platform's "
        "reach, and nobody decided that it may.",
        sources=("GDPR chapter V", "ISO 27001 A.8.13", "own"),
        remediation=f"Archive to the platform's object store, or annotate the object with {DATA_CLASSES}.",
        of_object=together(
            per_object(_archive, "barmancloud.cnpg.io", "ObjectStore"),
            per_object(_cluster_backup, "postgresql.cnpg.io", "Cluster"),
        ),
    ),
)
