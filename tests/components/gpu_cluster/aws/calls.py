"""What the engine's provider would ask AWS for, from recorded arguments: one call or two a type.

Arguments are the recorded ones: camelCase, with ids and ARNs that the recording monitor made up. `Account.create` puts
the real ones in their place, in policy documents too, so that nothing here is typed a second time.
"""

from __future__ import annotations

from tests.components.gpu_cluster.aws import (
    calls_buckets,
    calls_cluster,
    calls_edge,
    calls_identity,
    calls_network,
    calls_services,
)
from tests.components.gpu_cluster.aws.arguments import Call

CALLS: dict[str, Call] = {
    **calls_buckets.CALLS,
    **calls_cluster.CALLS,
    **calls_edge.CALLS,
    **calls_identity.CALLS,
    **calls_network.CALLS,
    **calls_services.CALLS,
}
"""The types that are created, by token without `aws:`."""
