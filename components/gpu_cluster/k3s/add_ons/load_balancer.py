"""MetalLB: gives the gateway's Service an address of the site's own network and answers for it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels, peers, pins
from components.base.handles import ClusterHandle, LoadBalancer, PlatformContext
from components.base.namespaces import LOAD_BALANCER, PlatformNamespace
from components.base.wiring import External, Workload
from components.charts import ChartSource, PinnedChart, PinnedChartArgs
from components.gpu_cluster.k3s.add_ons import load_balancer_specs as specs
from components.gpu_cluster.k3s.add_ons.load_balancer_specs import LoadBalancerPlan

TYPE = "ai-platform:gpu_cluster:ServiceLoadBalancer"

NAMESPACE = PlatformNamespace(
    name=LOAD_BALANCER,
    level="privileged",
    reason="the load balancer's speakers use the network of the node, to answer for addresses and to send raw packets",
)

HANDLE = LoadBalancer(address_kind="ip", annotations={}, load_balancer_class=specs.LOAD_BALANCER_CLASS)
"""What a Service must carry to get an address. Services without the class get none, whoever makes them."""

CONTROLLER = Workload.selecting(
    NAMESPACE.name,
    "controller",
    {"app.kubernetes.io/name": "metallb", "app.kubernetes.io/component": "controller"},
)
WEBHOOK_PORT = 9443
METRICS_PORT = 9120


@dataclass(frozen=True, kw_only=True)
class ServiceLoadBalancerArgs:
    """`node_cidrs` are the addresses of the nodes, at which the speakers' metrics are read."""

    plan: LoadBalancerPlan
    cluster: ClusterHandle
    platform: PlatformContext
    charts: ChartSource
    node_cidrs: tuple[str, ...]


class ServiceLoadBalancer(pulumi.ComponentResource):
    """The chart, then the addresses. A Service gets its address once `ready` exists.

    The addresses are custom resources behind a webhook, so they wait for the whole chart.
    """

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: ServiceLoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        self._name, self._platform = name, args.platform
        self._chart = PinnedChart(
            f"{name}-metallb",
            PinnedChartArgs(
                pin=pins.METALLB_CHART,
                namespace=NAMESPACE.name,
                values=specs.metallb_values(args.cluster.registry),
                source=args.charts,
            ),
            args.platform.child_options(self),
        )
        pool = self._custom("pool", specs.POOL_API, "IPAddressPool", specs.POOL, specs.address_pool_spec(args.plan))
        announced = self._announce(args.plan, pool)
        _allow_connections(args)
        self.ready = (self._chart, pool, *announced)
        self.register_outputs({"addresses": list(args.plan.addresses), "mode": args.plan.mode})

    def _announce(self, plan: LoadBalancerPlan, pool: pulumi.Resource) -> tuple[pulumi.Resource, ...]:
        if plan.bgp is None:
            spec = specs.layer2_advertisement_spec(plan)
            return (self._custom("layer2", specs.POOL_API, "L2Advertisement", specs.POOL, spec, pool),)
        routers = [
            self._custom(
                f"router-{peer.name}", specs.PEER_API, "BGPPeer", peer.name, specs.bgp_peer_spec(plan.bgp, peer)
            )
            for peer in plan.bgp.peers
        ]
        spec = specs.bgp_advertisement_spec(plan.bgp)
        return (*routers, self._custom("bgp", specs.POOL_API, "BGPAdvertisement", specs.POOL, spec, pool, *routers))

    def _custom(
        self, suffix: str, api: str, kind: str, name: str, spec: Mapping[str, Any], *after: pulumi.Resource
    ) -> k8s.apiextensions.CustomResource:
        return k8s.apiextensions.CustomResource(
            f"{self._name}-{suffix}",
            api_version=api,
            kind=kind,
            metadata={
                "name": name,
                "namespace": NAMESPACE.name,
                "labels": labels.object_labels(name, "load-balancer", self._platform.environment),
            },
            spec=dict(spec),
            opts=self._platform.child_options(self, self._chart, *after),
        )


def _allow_connections(args: ServiceLoadBalancerArgs) -> None:
    allow, api = args.platform.wiring.allow, args.cluster.kubernetes_api
    allow(CONTROLLER, api, *peers.KUBERNETES_API_PORTS)
    allow(api, CONTROLLER, WEBHOOK_PORT)
    allow(peers.PROMETHEUS, CONTROLLER, METRICS_PORT)
    # Speakers listen on the nodes' own addresses, which no pod selector matches.
    allow(peers.PROMETHEUS, External(name="load-balancer-speakers", cidrs=args.node_cidrs), METRICS_PORT)
