"""Rules of the catalogue about signing in."""

from __future__ import annotations

from policies.rules.identity import (
    grafana,
    keycloak,
    realm,
)

RULES = (
    *grafana.RULES,
    *keycloak.RULES,
    *realm.RULES,
)
