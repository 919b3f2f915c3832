"""Tags that every AWS resource carries: they name it, group its cost, and say which capability it proves.

A resource's own tags stand beside it in the program. The stack's tags (owner, cost centre, class of data) come from the
provider, which adds them to everything that it makes; what AWS makes itself (volumes, instances of a launch template)
gets them from `made_by_aws`.
"""

from __future__ import annotations

from collections.abc import Mapping

from components.base import labels
from components.base.capabilities import Capability, provides

BACKUP = "ai-platform/backup"
"""Key that the backup plan selects by."""
DAILY = "daily"


def resource_tags(name: str, environment: str, *capabilities: Capability) -> dict[str, str]:
    """Tags of the resource `name`."""
    tags = {"Name": name, **_platform(environment)}
    return tags | provides(*capabilities) if capabilities else tags


def backed_up() -> dict[str, str]:
    """Tag of a resource whose content the backup plan copies every day."""
    return {BACKUP: DAILY}


def made_by_aws(environment: str, stack_tags: Mapping[str, str]) -> dict[str, str]:
    """Tags for what AWS or a driver makes on the platform's behalf, out of the provider's reach."""
    return {**stack_tags, **_platform(environment)}


def _platform(environment: str) -> dict[str, str]:
    return {labels.PART_OF: "ai-platform", labels.MANAGED_BY: "pulumi", labels.ENVIRONMENT: environment}
