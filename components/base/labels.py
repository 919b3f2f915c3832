"""The labels every object carries; selectors use the two that never change."""

from __future__ import annotations

NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"
PART_OF = "app.kubernetes.io/part-of"
MANAGED_BY = "app.kubernetes.io/managed-by"
ENVIRONMENT = "ai-platform/environment"
STACK_TAGS = ("owner", "cost-centre", "data-class")
"""Tags without which nobody knows whom to ask, who pays, and how carefully to treat what is in there."""
CAPABILITIES = "ai-platform/capabilities"
"""Annotation (Kubernetes) or tag (AWS) listing the capabilities that an object provides, separated by spaces."""


def selector_labels(name: str, component: str) -> dict[str, str]:
    """The labels a selector matches. They are immutable on a workload, so nothing that may change belongs here."""
    return {NAME: name, COMPONENT: component}


def object_labels(name: str, component: str, environment: str) -> dict[str, str]:
    """All labels of an object: the selector's, and those that group objects by platform and environment."""
    return selector_labels(name, component) | {
        PART_OF: "ai-platform",
        MANAGED_BY: "pulumi",
        ENVIRONMENT: environment,
    }
