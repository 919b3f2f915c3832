"""Objects are written in versions of the Kubernetes API that stay."""

from __future__ import annotations

import re

from policies.checks import guarded
from policies.findings import Level, Outcomes, Severity, Violation
from policies.pods import BUILT_IN_GROUPS
from policies.registry import Rule
from policies.subjects import CHART_PREFIX, KUBERNETES, Subject

UNSTABLE = re.compile(r"v\d+(?:alpha|beta)\d+$")

DEPRECATED_KINDS = {"Endpoints": "EndpointSlice of discovery.k8s.io/v1", "ComponentStatus": "the health endpoints"}
"""Kinds of core/v1 that Kubernetes has deprecated (1.33 and 1.19), with what takes their place."""


def _stable(subject: Subject) -> Outcomes:
    if subject.provider != KUBERNETES or subject.type.startswith(CHART_PREFIX):
        return
    if not BUILT_IN_GROUPS.search(subject.group):
        # Another project's v1alpha1 may be the only version it has: there the pinned chart decides what is served.
        return
    written = subject.root.at("apiVersion")
    if UNSTABLE.search(written.text() or subject.type.rpartition(":")[0]):
        yield Violation(written.path, "must be a stable version: alpha and beta versions go away in an upgrade")
    if not subject.group and subject.kind in DEPRECATED_KINDS:
        yield Violation("kind", f"is deprecated; use {DEPRECATED_KINDS[subject.kind]}")


RULES = (
    Rule(
        id="REL-04",
        title="Only stable versions of the Kubernetes API",
        severity=Severity.MEDIUM,
        level=Level.OWN_MANDATORY,
        why="Alpha and beta versions go away in an upgrade, and with them the objects.",
        sources=("kube-score stable-version", "kube-linter no-extensions-v1beta", "Pulumi disallowAlphaBeta"),
        remediation="Write the object in the stable version of its group.",
        of_object=lambda subject: guarded(_stable, subject),
    ),
)
