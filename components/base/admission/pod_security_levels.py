"""Every namespace enforces a Pod Security level, and only the named ones may be privileged."""

from __future__ import annotations

from collections.abc import Iterable

from components.base.admission.policy import Check, Resources, text_list

NAMESPACES = (Resources(group="", names=("namespaces",)),)

LEVEL_LABEL = "pod-security.kubernetes.io/enforce"

NOT_BUILT_IN = {"not-built-in": "!(dyn(object).metadata.name.matches('^(default|kube-.*)$'))"}
"""Kubernetes makes them itself, without labels, and labels of its own come and go on them."""


def namespace_checks(privileged: Iterable[str]) -> tuple[Check, ...]:
    """`privileged` are the namespaces that the stack's exceptions name."""
    level = f"dyn(object).metadata.?labels[?'{LEVEL_LABEL}'].orValue('')"
    return (
        Check(
            rule="NS-01",
            demand=f"the label {LEVEL_LABEL} must be restricted or baseline",
            expression=f"{level} in ['restricted', 'baseline'] || "
            f"({level} == 'privileged' && dyn(object).metadata.name in {text_list(privileged)})",
        ),
    )
