"""Rules about model servers: what they run, how large it is, and what they must never do."""

from __future__ import annotations

from policies.registry import Rule
from policies.rules.models import (
    caches,
    command_line,
    egress,
    fit,
    groups,
    licences,
    limits,
    media,
    parallelism,
    remote_code,
    server_flags,
    weights,
)

RULES: tuple[Rule, ...] = (
    *fit.RULES,
    *parallelism.RULES,
    *weights.RULES,
    *egress.RULES,
    *remote_code.RULES,
    *server_flags.RULES,
    *command_line.RULES,
    *media.RULES,
    *limits.RULES,
    *licences.RULES,
    *caches.RULES,
    *groups.RULES,
)
