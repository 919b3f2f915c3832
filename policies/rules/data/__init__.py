"""Rules of the catalogue about data: where it lies, and who may read it."""

from __future__ import annotations

from policies.rules.data import (
    caches,
    classes,
    copies,
    objects,
    vectors,
)

RULES = (
    *caches.RULES,
    *classes.RULES,
    *copies.RULES,
    *objects.RULES,
    *vectors.RULES,
)
