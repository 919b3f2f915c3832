"""Rules about resources in AWS."""

from __future__ import annotations

from policies.registry import Rule
from policies.rules.aws import (
    buckets,
    databases,
    iam,
    keys,
    load_balancers,
    log_groups,
    networks,
    security_groups,
    stores,
    tags,
)

RULES: tuple[Rule, ...] = (
    *buckets.RULES,
    *databases.RULES,
    *keys.RULES,
    *security_groups.RULES,
    *iam.RULES,
    *load_balancers.RULES,
    *log_groups.RULES,
    *networks.RULES,
    *stores.RULES,
    *tags.RULES,
)
