"""Network isolation of the platform's namespaces, composed last: by then every component has declared its edges."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base.capabilities import provides
from components.base.handles import PlatformContext
from components.base.namespaces import PlatformNamespace
from components.base.peers import CLUSTER_DNS
from components.base.wiring import Endpoint
from components.network_isolation import policies

TYPE = "ai-platform:network_isolation:NetworkIsolation"


@dataclass(frozen=True, kw_only=True)
class NetworkIsolationArgs:
    """`platform.wiring` must be complete: an edge declared later gets no policy. Every pod may ask `dns`."""

    platform: PlatformContext
    namespaces: tuple[PlatformNamespace, ...]
    dns: Endpoint = CLUSTER_DNS


class NetworkIsolation(pulumi.ComponentResource):
    """Default-deny and DNS per namespace, one policy per workload. The edges are recorded as inputs."""

    def __init__(self, name: str, args: NetworkIsolationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        edges = args.platform.wiring.edges
        ends = [end for edge in edges for end in (edge.source, edge.target)]
        recorded = {
            "edges": policies.edge_records(edges),
            "ends": policies.end_records([*ends, args.dns]),
            "dns": args.dns.address,
        }
        super().__init__(TYPE, name, recorded, opts)
        child = args.platform.child_options(self)
        names = [namespace.name for namespace in args.namespaces]
        everywhere = (("default-deny", policies.default_deny_spec()), ("allow-dns", policies.dns_spec(args.dns)))
        for namespace in names:
            for policy, spec in everywhere:
                k8s.networking.v1.NetworkPolicy(
                    f"{name}-{namespace}-{policy}",
                    metadata={"name": policy, "namespace": namespace, "annotations": provides("network-isolation")},
                    spec=spec,
                    opts=child,
                )
        for workload in policies.workloads(edges, names):
            k8s.networking.v1.NetworkPolicy(
                f"{name}-{workload.namespace}-allow-{workload.name}",
                metadata={
                    "name": f"allow-{workload.name}",
                    "namespace": workload.namespace,
                    "annotations": provides("network-isolation"),
                },
                spec=policies.workload_spec(workload, edges),
                opts=child,
            )
        self.register_outputs({"edges": len(edges)})
