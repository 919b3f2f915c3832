"""What is left in AWS when a stack is destroyed: made by controllers, so neither Pulumi nor anybody else removes it.

Three commands that do something only when they are deleted, each at its place in the order of a removal:

1. `load-balancers`, before add-ons and nodes: Services and Ingresses that somebody made beside the platform.
2. `nodes`, after everything inside the cluster and before its fixed nodes: instances that Karpenter left, and what the
   load balancer controller left.
3. `interfaces`, after nodes and control plane and before the network: network interfaces and security groups, which
   would keep the subnets and the VPC from being deleted.

Each touches only what carries the cluster's own tag, waits until it is gone, and fails with a list after a while. None
does anything while the platform still runs: a command that is renamed in the program is deleted, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pulumi
import pulumi_command as command

SCRIPT = Path(__file__).parents[1] / "scripts" / "remove_cloud_leftovers.sh"
TIMEOUT_SECONDS = 1800
"""How long one phase waits. A load balancer's interfaces take minutes to go, an instance with 8 GPUs up to 20."""

Phase = Literal["load-balancers", "nodes", "interfaces"]

_TOOLS_ARE_HERE = """
for tool in aws kubectl; do
  command -v "$tool" >/dev/null || { echo "destroying this stack needs $tool: install it first" >&2; exit 1; }
done
"""


@dataclass(frozen=True, kw_only=True)
class Leftovers:
    """Whose leftovers: the tags of everything that controllers make hold the name of the cluster."""

    cluster_name: str
    account_id: str
    region: str

    def removed(
        self, name: str, phase: Phase, *, after: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions
    ) -> command.local.Command:
        """The command of `phase`. It runs when the stack is destroyed, before any resource of `after` is deleted.

        What must be gone before it runs depends on it. Its provider is that of `opts`.
        """
        return command.local.Command(
            name,
            # So that a machine that cannot remove the stack does not create it either.
            create=_TOOLS_ARE_HERE,
            delete=SCRIPT.read_text(),
            interpreter=["/bin/bash", "-c"],
            environment={
                "PHASE": phase,
                "CLUSTER": self.cluster_name,
                "ACCOUNT_ID": self.account_id,
                "AWS_REGION": self.region,
                "TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
            },
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    depends_on=list(after), custom_timeouts=pulumi.CustomTimeouts(delete=f"{TIMEOUT_SECONDS * 2}s")
                ),
            ),
        )
