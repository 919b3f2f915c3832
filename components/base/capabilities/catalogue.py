"""The capabilities that every environment must provide: all of them, once, in the order of their names."""

from __future__ import annotations

from components.base.capabilities.evidence import (
    cluster,
    databases,
    gateway,
    identity,
    network,
    nodes,
    observability,
    serving,
    stores,
)
from components.base.capabilities.names import CAPABILITIES
from components.base.capabilities.specification import Specification

_BY_NAME = {
    specification.name: specification
    for module in (serving, gateway, identity, stores, databases, observability, network, cluster, nodes)
    for specification in module.SPECIFICATIONS
}

CATALOGUE: tuple[Specification, ...] = tuple(_BY_NAME[name] for name in CAPABILITIES)
"""One entry for each name. A name without one fails at import."""
