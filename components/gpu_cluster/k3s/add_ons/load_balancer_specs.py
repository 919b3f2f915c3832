"""Pure builders for MetalLB: chart values, and custom resources of `metallb.io`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from components.base.handles import ImageRegistry
from components.base.namespaces import GATEWAY, LOAD_BALANCER

POOL = "gateway"
"""Name of the address pool, and of what announces it."""
LOAD_BALANCER_CLASS = "ai-platform/gateway"
"""`spec.loadBalancerClass` of the Services that MetalLB serves."""

POOL_API = "metallb.io/v1beta1"
PEER_API = "metallb.io/v1beta2"


@dataclass(frozen=True, kw_only=True)
class BgpPeer:
    """A router. `name` is unique among the peers, `password_secret` a Secret of type `kubernetes.io/basic-auth` in the
    namespace of the load balancer, None for a session without password.
    """

    name: str
    address: str
    asn: int
    password_secret: str | None = None


@dataclass(frozen=True, kw_only=True)
class BgpPlan:
    """Sessions with routers, from the nodes' autonomous system `asn`."""

    asn: int
    peers: tuple[BgpPeer, ...]


@dataclass(frozen=True, kw_only=True)
class LoadBalancerPlan:
    """Addresses for Services: `addresses` are ranges (`10.20.0.100-10.20.0.110`) or CIDR ranges of IPv4.

    Without `bgp` one node at a time answers for an address on the local network, on one of `interfaces` (empty: all).
    """

    addresses: tuple[str, ...]
    interfaces: tuple[str, ...] = ()
    bgp: BgpPlan | None = None

    @property
    def mode(self) -> Literal["layer2", "bgp"]:
        """How the addresses are announced."""
        return "bgp" if self.bgp else "layer2"


def metallb_values(registry: ImageRegistry) -> dict[str, Any]:
    """Values of the chart, for both modes.

    BGP is spoken by MetalLB itself: the chart's default, FRR beside it, needs two more containers with SYS_ADMIN on
    every node, for features (BFD, IPv6 sessions) that are not offered here.
    """
    return {
        "fullnameOverride": "metallb",
        "loadBalancerClass": LOAD_BALANCER_CLASS,
        "frrk8s": {"enabled": False},
        "controller": {
            "image": {"repository": registry.rewrite("quay.io/metallb/controller")},
            "priorityClassName": "system-cluster-critical",
            # The chart's own, and what its namespace would otherwise not ask for.
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65534,
                "fsGroup": 65534,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "resources": _resources("50m", "128Mi"),
        },
        # No speaker on GPU nodes: the proxies behind the addresses do not run there, and traffic stays local.
        "speaker": {
            "image": {"repository": registry.rewrite("quay.io/metallb/speaker")},
            "priorityClassName": "system-node-critical",
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "resources": _resources("50m", "128Mi"),
        },
    }


def address_pool_spec(plan: LoadBalancerPlan) -> dict[str, Any]:
    """Spec of the IPAddressPool. Only Services of the gateway's namespace get its addresses."""
    return {
        "addresses": list(plan.addresses),
        # Addresses that end in .0 or .255, which old network devices drop.
        "avoidBuggyIPs": True,
        "serviceAllocation": {"namespaces": [GATEWAY]},
    }


def layer2_advertisement_spec(plan: LoadBalancerPlan) -> dict[str, Any]:
    """Spec of the L2Advertisement."""
    return {"ipAddressPools": [POOL], **({"interfaces": list(plan.interfaces)} if plan.interfaces else {})}


def bgp_peer_spec(plan: BgpPlan, peer: BgpPeer) -> dict[str, Any]:
    """Spec of one BGPPeer."""
    password = {"passwordSecret": {"name": peer.password_secret, "namespace": LOAD_BALANCER}}
    return {
        "myASN": plan.asn,
        "peerASN": peer.asn,
        "peerAddress": peer.address,
        **(password if peer.password_secret else {}),
    }


def bgp_advertisement_spec(plan: BgpPlan) -> dict[str, Any]:
    """Spec of the BGPAdvertisement: every address by itself, to all routers."""
    return {"ipAddressPools": [POOL], "aggregationLength": 32, "peers": [peer.name for peer in plan.peers]}


def _resources(cpu: str, memory: str) -> dict[str, Any]:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}
