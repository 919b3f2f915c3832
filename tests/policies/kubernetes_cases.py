"""Cases of the rules about Kubernetes objects beside pods."""

from __future__ import annotations

from tests.policies.network_cases import NETWORK_CASES
from tests.policies.rbac_cases import RBAC_CASES
from tests.policies.reference_cases import REFERENCE_CASES
from tests.policies.supply_cases import SUPPLY_CASES

KUBERNETES_CASES = [*SUPPLY_CASES, *NETWORK_CASES, *RBAC_CASES, *REFERENCE_CASES]
