"""Who reaches whom, over what: isolation, encryption between nodes, certificates, and the way in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, cast

from components.base.capabilities.facets import UNKNOWN, Difference, Facet, Relaxed, Scale, Value, holds
from components.base.capabilities.resources import Document, Key, Reading, Record, Resources, is_set
from components.base.capabilities.specification import CLUSTER_OWNED, OneSided, Specification

K3S = "ai-platform:gpu_cluster:K3sInstallation"
EXISTING = "ai-platform:gpu_cluster:ExistingGpuCluster"
ADDON = "aws:eks/addon:Addon"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
_POLICY = "NetworkPolicy"
_ADDON_VALUES = Document(("configurationValues",))
_CLIENT_SPACES = frozenset({"gateway", "observability"})
_SPACE_LABEL = "kubernetes.io/metadata.name"
_EVERYWHERE = "0.0.0.0/0"

ENCRYPTING_FAMILIES = frozenset(["g6", "g6e", "gr6", "m7a", "m7g", "m7i", "p4d", "p4de", "p5", "p5e", "p5en"])
"""Families of instances whose network cards encrypt what goes between them (EC2 User Guide, encryption in transit)."""


def isolation(resources: Resources) -> Iterator[Reading]:
    """Closed by default, opened by name, and something that enforces it."""
    closed = {record.namespace: record for record in resources.kind(_POLICY) if record.object_name == "default-deny"}
    for namespace in resources.kind("Namespace"):
        record = closed.get(namespace.object_name)
        if record is None:
            yield namespace.says("closed", "no", "metadata", "name")
        else:
            yield record.holds("closed", "spec", "policyTypes", when=lambda types: set(types) == {"Ingress", "Egress"})
            yield record.holds("closed", "spec", "podSelector", when=lambda selector: selector == {})
    if closed:
        yield from _models(resources)
        yield from _engine(resources)


def _models(resources: Resources) -> Iterator[Reading]:
    """The policies of model servers: who may ask them, and whom they may ask."""
    for model in resources.of("ai-platform:vllm_model:VllmModel"):
        name = model.name.removeprefix("model-")
        found = resources.named(_POLICY, f"allow-{name}", "models")
        for record in found:
            yield record.holds(
                "asked-by-gateway", "spec", "ingress", when=lambda rules: bool(rules) and all(map(_is_named, rules))
            )
            egress = record.read("spec", "egress")
            reach = "internet" if _EVERYWHERE in json.dumps(egress, default=str) else "stores"
            yield record.says("asks", UNKNOWN if egress is UNKNOWN else reach, "spec", "egress")
        if not found:
            yield model.says("asked-by-gateway", "no")


def _is_named(rule: Mapping[str, Any]) -> bool:
    """Whether a rule lets in named pods of the gateway and of the observability namespace only."""
    peers = cast("list[dict[str, Any]]", rule.get("from") or [])
    return bool(peers) and all(
        ((peer.get("namespaceSelector") or {}).get("matchLabels") or {}).get(_SPACE_LABEL) in _CLIENT_SPACES
        and bool((peer.get("podSelector") or {}).get("matchLabels"))
        for peer in peers
    )


def _engine(resources: Resources) -> Iterator[Reading]:
    """k3s enforces policies itself unless told not to; on EKS an add-on does once it is told to."""
    for record in resources.of(K3S):
        for place, _ in record.items("servers"):
            off = record.read("servers", place, "disable-network-policy")
            value: Value = UNKNOWN if off is UNKNOWN else "none" if off else "enforced"
            yield record.says("enforced", value, "servers", place, "disable-network-policy", absence_holds=True)
    for record in resources.of(ADDON):
        if record.read("addonName") == "vpc-cni":
            proof = record.inside(
                "enforced", _ADDON_VALUES, "enableNetworkPolicy", when=lambda value: str(value).lower() == "true"
            )
            yield replace(proof, value={"yes": "enforced", "no": "none"}.get(str(proof.value), UNKNOWN))
    for record in resources.of(EXISTING):
        yield Reading(facet="enforced", value="unproven", urn=record.urn, path="")


def between_nodes(resources: Resources) -> Iterator[Reading]:
    """WireGuard of k3s, or network cards of AWS that encrypt by themselves."""
    for record in resources.of(K3S):
        for place, _ in record.items("servers"):
            levels = {"wireguard-native": "every-packet"}
            yield record.level("encrypted", levels, "none", "servers", place, "flannel-backend")
    for record in resources.of(TEMPLATE):
        kind = record.read("instanceType")
        known = isinstance(kind, str) and kind.partition(".")[0] in ENCRYPTING_FAMILIES
        yield record.says(
            "encrypted", UNKNOWN if kind is UNKNOWN else "by-hardware" if known else "none", "instanceType"
        )
    yield from (group.exists("encrypted", "none") for group in without_template(resources))


def without_template(resources: Resources) -> list[Record]:
    """Groups of nodes that are made without a template of the program: with AWS's defaults."""
    templates = {record.urn for record in resources.of(TEMPLATE)}
    return [group for group in resources.of(NODE_GROUP) if not templates & set(group.depends_on)]


def certificates(resources: Resources) -> Iterator[Reading]:
    """The certificate of the public names, and the least version of TLS that clients may use."""
    group = "cert-manager.io"
    for record in resources.named(f"{group}:Certificate", "edge", "gateway"):
        yield record.holds("renewed", "spec", "issuerRef", "name", when=is_set)
        yield record.holds("new-key", "spec", "privateKey", "rotationPolicy", when=lambda value: value == "Always")
    for record in resources.named(f"{group}:ClusterIssuer", "platform"):
        spec = record.read("spec")
        levels = {"selfSigned": "none", "ca": "own-authority", "acme": "public-authority"}
        level = next((levels[key] for key in levels if isinstance(spec, dict) and key in spec), "none")
        yield record.says("trusted-by", UNKNOWN if spec is UNKNOWN else level, "spec")
    for record in resources.named("gateway.envoyproxy.io:ClientTrafficPolicy", "edge", "gateway"):
        yield record.level("least-version", {"1.2": "1.2", "1.3": "1.3"}, "none", "spec", "tls", "minVersion")
    for record in resources.charts("cert-manager"):
        yield record.holds("operator-pinned", "version", when=is_set)


def way_in(resources: Resources) -> Iterator[Reading]:
    """The address that clients use, and what stands behind it."""
    proxies = resources.named("gateway.envoyproxy.io:EnvoyProxy", "edge", "gateway")
    service: tuple[Key, ...] = ("spec", "provider", "kubernetes", "envoyService")
    for record in proxies:
        policy = record.read(*service, "externalTrafficPolicy")
        kept = UNKNOWN if policy is UNKNOWN else "yes" if policy in {None, "Local"} else "no"
        yield record.says("client-address", kept, *service, "externalTrafficPolicy", absence_holds=True)
    for record in resources.of("aws:lb/loadBalancer:LoadBalancer"):
        yield record.level("spread", {True: "zones"}, "one-node", "enableCrossZoneLoadBalancing")
        yield record.holds("guarded", "enableDeletionProtection")
    for record in resources.of("aws:lb/targetGroup:TargetGroup"):
        yield record.holds("client-address", "preserveClientIp", when=lambda value: str(value).lower() == "true")
        yield record.holds("health-checked", "healthCheck", "enabled")
    targets = {record.urn for record in resources.of("aws:lb/targetGroup:TargetGroup")}
    for record in resources.of("aws:lb/listener:Listener"):
        if not targets & set(record.depends_on):
            yield record.exists("health-checked", "no")
    if resources.of("aws:lb/loadBalancer:LoadBalancer"):
        return
    for record in proxies:
        yield record.level("spread", {"LoadBalancer": "one-node"}, "none", *service, "type")
        # The Service's endpoints are the proxies that say they are ready, and it goes with the program's own objects.
        yield record.holds("health-checked", *service, "type", when=lambda given: given == "LoadBalancer")
        yield Reading(facet="guarded", value="no", urn=record.urn, path="")


def flow_log(resources: Resources) -> Iterator[Reading]:
    """The record of every connection of the network."""
    for record in resources.of("aws:ec2/flowLog:FlowLog"):
        yield record.holds("all-traffic", "trafficType", when=lambda given: given == "ALL")


_ONE_PLACE = "own hosts answer for the address by ARP, so that one of them takes all traffic until it fails"

SPECIFICATIONS = (
    Specification(
        name="network-isolation",
        statement="Nobody reaches what nothing in the wiring names.",
        evidence=isolation,
        facets=(
            holds("closed", "every namespace is closed in both directions"),
            Facet(
                name="enforced",
                meaning="what enforces network policies",
                kind="security",
                minimum="enforced",
                order=Scale(("none", "unproven", "enforced")),
                relaxed=(Relaxed(on="existing", minimum="unproven", reason=CLUSTER_OWNED.reason),),
                differences=tuple(
                    Difference(
                        weaker="existing",
                        stronger=other,
                        value="unproven",
                        than="enforced",
                        reason=CLUSTER_OWNED.reason,
                    )
                    for other in CLUSTER_OWNED.on
                ),
            ),
            holds("asked-by-gateway", "models answer named pods of gateway and metrics only"),
            Facet(
                name="asks",
                meaning="what model servers reach",
                kind="security",
                minimum="internet",
                order=Scale(("internet", "stores")),
                differences=tuple(
                    Difference(
                        weaker="eks",
                        stronger=other,
                        value="internet",
                        than="stores",
                        reason="S3 has public addresses that change, "
                        "and network policies know no names: HTTPS is open to everything but private networks and "
                        "the metadata service, and a VPC endpoint keeps S3's share inside",
                    )
                    for other in ("k3s", "existing")
                ),
            ),
        ),
    ),
    Specification(
        name="node-transport-encryption",
        statement="What goes from node to node is encrypted.",
        evidence=between_nodes,
        one_sided=CLUSTER_OWNED,
        facets=(
            Facet(
                name="encrypted",
                meaning="what encrypts it",
                kind="security",
                minimum="by-hardware",
                order=Scale(("none", "by-hardware", "every-packet")),
                differences=(
                    Difference(
                        weaker="eks",
                        stronger="k3s",
                        value="by-hardware",
                        than="every-packet",
                        reason="network cards of these instances "
                        "encrypt what goes between them, which the program does not configure and cannot weaken",
                    ),
                ),
            ),
        ),
    ),
    Specification(
        name="tls-certificates",
        statement="Clients speak TLS with a certificate that renews itself.",
        evidence=certificates,
        facets=(
            holds("renewed", "an issuer renews it", "operability"),
            holds("new-key", "each has a new key"),
            Facet(
                name="least-version",
                meaning="least version of TLS",
                kind="security",
                minimum="1.2",
                order=Scale(("none", "1.2", "1.3")),
            ),
            Facet(
                name="trusted-by",
                meaning="who vouches for it",
                kind="function",
                minimum="own-authority",
                order=Scale(("none", "own-authority", "public-authority")),
                differences=tuple(
                    Difference(
                        weaker=weaker,
                        stronger="eks",
                        value="own-authority",
                        than="public-authority",
                        reason="names inside of an organisation are "
                        "vouched for by its own authority, which its machines trust",
                    )
                    for weaker in ("k3s", "existing")
                ),
            ),
            holds("operator-pinned", "the operator comes from a chart at one pinned version", "operability"),
        ),
    ),
    Specification(
        name="load-balancing",
        statement="Clients reach the gateway at an address that outlives a proxy.",
        evidence=way_in,
        facets=(
            Facet(
                name="spread",
                meaning="what carries the traffic",
                kind="durability",
                minimum="one-node",
                order=Scale(("none", "one-node", "zones")),
                differences=tuple(
                    Difference(weaker=weaker, stronger="eks", value="one-node", than="zones", reason=_ONE_PLACE)
                    for weaker in ("k3s", "existing")
                ),
            ),
            holds("client-address", "the gateway sees clients' addresses, by which it limits them"),
            holds("health-checked", "no request goes to a proxy that is not ready", "operability"),
            Facet(
                name="guarded",
                meaning="the provider refuses to delete it",
                kind="durability",
                minimum="no",
                differences=tuple(
                    Difference(
                        weaker=weaker,
                        stronger="eks",
                        value="no",
                        than="yes",
                        reason="the address is one of the settings, so that it comes back as it was",
                    )
                    for weaker in ("k3s", "existing")
                ),
            ),
        ),
    ),
    Specification(
        name="network-flow-log",
        statement="Every connection of the network is recorded.",
        evidence=flow_log,
        one_sided=OneSided(
            on=("eks",),
            reason="switches and firewalls of an organisation record their own traffic; hosts would only see their own",
            review=date(2027, 5, 1),
        ),
        facets=(holds("all-traffic", "accepted and refused ones"),),
    ),
)
