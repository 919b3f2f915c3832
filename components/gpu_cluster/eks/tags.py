"""Tags that every AWS resource carries: they name it, group its cost, and say which capability it proves."""

from __future__ import annotations

from components.base import labels
from components.base.capabilities import Capability, provides


def resource_tags(name: str, environment: str, *capabilities: Capability) -> dict[str, str]:
    """Tags of the resource `name`."""
    tags = {
        "Name": name,
        labels.PART_OF: "ai-platform",
        labels.MANAGED_BY: "pulumi",
        labels.ENVIRONMENT: environment,
    }
    return tags | provides(*capabilities) if capabilities else tags
