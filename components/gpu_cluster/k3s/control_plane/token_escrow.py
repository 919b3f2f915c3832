"""A copy of the server token that only the owner of a certificate can open.

The token decrypts what a snapshot of etcd holds: when both the servers and the stack's state are lost, a snapshot is
worth nothing without it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.gpu_cluster.k3s.hosts.host_commands import HostCommands
from components.gpu_cluster.k3s.hosts.hosts import K3sHost


def seal_token(
    commands: HostCommands,
    host: K3sHost,
    token: pulumi.Output[str],
    certificate: str,
    *,
    after: Sequence[pulumi.Resource],
) -> pulumi.Output[str]:
    """The token as a CMS message (DER in base64) for `certificate`, sealed on `host`. It is no secret."""
    sealed = commands.run(
        "token-escrow",
        host,
        "seal_token.sh",
        {"K3S_TOKEN": token, "ESCROW_CERTIFICATE": certificate.strip()},
        after=after,
    )
    return pulumi.Output.unsecret(sealed.stdout)
