"""The catalogue: every rule, once. A rule that is not listed here does not exist."""

from __future__ import annotations

from policies.registry import Registry
from policies.rules import (
    credentials,
    disruption,
    exception_file,
    exposure,
    gpus,
    images,
    model_isolation,
    namespaces,
    pod_confinement,
    pod_host,
    pod_privileges,
    probes,
    resources,
    service_accounts,
    visibility,
)

REGISTRY = Registry(
    (
        *pod_host.RULES,
        *pod_privileges.RULES,
        *pod_confinement.RULES,
        *service_accounts.RULES,
        *resources.RULES,
        *probes.RULES,
        *credentials.RULES,
        *images.RULES,
        *namespaces.RULES,
        *disruption.RULES,
        *exposure.RULES,
        *model_isolation.RULES,
        *gpus.RULES,
        *visibility.RULES,
        *exception_file.RULES,
    )
)
