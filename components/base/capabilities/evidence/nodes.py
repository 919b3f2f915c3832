"""Nodes and their disks: firewall, upgrades, volumes, metadata, number, and what they may cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, cast

from components.base.capabilities.evidence.network import K3S, NODE_GROUP, TEMPLATE, without_template
from components.base.capabilities.evidence.stores import ENCRYPTION, PLACES
from components.base.capabilities.facets import UNKNOWN, Difference, Facet, Names, Value, holds
from components.base.capabilities.resources import Key, Reading, Record, Resources, is_set
from components.base.capabilities.specification import CLUSTER_OWNED, OneSided, Specification

_POOL = "karpenter.sh:NodePool"
_NODE_CLASS = "karpenter.k8s.aws:EC2NodeClass"
_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_PROVISIONERS = {"ebs.csi.aws.com": "node", "driver.longhorn.io": "node"}
PLANS = frozenset({"servers", "agents", "gpu-nodes"})
CLASSES = frozenset({"platform-fast", "platform-retained"})


def firewall(resources: Resources) -> Iterator[Reading]:
    """The rule set that every host loads before its network comes up, or security groups that let in nobody."""
    commands = {record.name: record for record in resources.of("command:remote:Command")}
    for installation in resources.of(K3S):
        for host in _hosts(installation):
            prepared = commands.get(f"{installation.name}-preparation-{host}")
            if prepared is None:
                yield installation.exists("closed", "no")
            else:
                yield prepared.holds(
                    "closed", "stdin", when=lambda text: "FIREWALL=yes" in text and "policy drop;" in text
                )
    defaults = resources.of("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    if not defaults:
        yield from (network.exists("closed", "no") for network in resources.of("aws:ec2/vpc:Vpc"))
    for record in defaults:
        rules = record.read("ingress")
        value: Value = UNKNOWN if rules is UNKNOWN else "no" if rules else "yes"
        yield record.says("closed", value, "ingress", absence_holds=True)
    for record in resources.of(_INGRESS):
        source = record.read("cidrIpv4")
        open_to = UNKNOWN if source is UNKNOWN else "no" if source == "0.0.0.0/0" else "yes"
        yield replace(record.says("closed", open_to, "cidrIpv4", absence_holds=True), permission=True)


def _hosts(installation: Record) -> Iterator[str]:
    for role in ("servers", "agents"):
        for place, _ in installation.items(role):
            yield str(installation.read(role, place, "node-name"))


def upgrades(resources: Resources) -> Iterator[Reading]:
    """Plans that upgrade one node after another, or groups of nodes of one release."""
    plans = resources.kind("upgrade.cattle.io:Plan")
    if plans and {record.object_name for record in plans} < PLANS:
        yield from (installation.exists("pinned", "no") for installation in resources.of(K3S))
    for record in plans:
        yield record.holds("pinned", "spec", "version", when=is_set)
        yield record.holds("one-by-one", "spec", "concurrency", when=lambda count: int(count) == 1)
    for record in resources.of(NODE_GROUP):
        yield record.holds("pinned", "releaseVersion", when=is_set)
        yield record.holds("one-by-one", "updateConfig", "maxUnavailable", when=lambda count: int(count) == 1)
    yield from (
        template.exists("pinned", "no")
        for template in resources.of(TEMPLATE)
        if not resources.dependents(template, NODE_GROUP)
    )
    yield from (pool.exists("pinned", "no") for pool in _without_class(resources))
    for record in resources.kind(_NODE_CLASS):
        yield record.holds("pinned", "spec", "amiSelectorTerms", 0, "alias", when=lambda alias: "@v" in alias)


def _without_class(resources: Resources) -> list[Record]:
    """Pools of nodes whose class is not in the program."""
    classes = {record.object_name for record in resources.kind(_NODE_CLASS)}
    name: tuple[Key, ...] = ("spec", "template", "spec", "nodeClassRef", "name")
    return [pool for pool in resources.kind(_POOL) if pool.read(*name) not in classes]


def volumes(resources: Resources) -> Iterator[Reading]:
    """Storage classes by meaning."""
    for record in resources.kind("StorageClass"):
        if record.object_name not in CLASSES:
            continue
        yield record.says("classes", frozenset({record.object_name}), "metadata", "name")
        if record.object_name == "platform-retained":
            yield record.holds("kept", "reclaimPolicy", when=lambda policy: policy == "Retain")
            yield record.level("survives", _PROVISIONERS, "none", "provisioner")
        yield record.says("at-rest", _encryption(record), "parameters", "encrypted")
        yield record.holds("grows", "allowVolumeExpansion")


def _encryption(record: Record) -> Value:
    on, key = record.read("parameters", "encrypted"), record.read("parameters", "kmsKeyId")
    if UNKNOWN in (on, key):
        return UNKNOWN
    return ("own-key" if key else "provider-key") if on == "true" else "none"


def metadata_service(resources: Resources) -> Iterator[Reading]:
    """Whether a pod could take its node's role."""
    yield from (record.exists("signed", "no") for record in (*without_template(resources), *_without_class(resources)))
    for record in resources.of(TEMPLATE):
        yield record.holds("signed", "metadataOptions", "httpTokens", when=lambda value: value == "required")
        yield record.holds("one-hop", "metadataOptions", "httpPutResponseHopLimit", when=lambda hops: int(hops) == 1)
    for record in resources.kind(_NODE_CLASS):
        yield record.holds("signed", "spec", "metadataOptions", "httpTokens", when=lambda value: value == "required")
        yield record.holds(
            "one-hop", "spec", "metadataOptions", "httpPutResponseHopLimit", when=lambda hops: int(hops) == 1
        )


def more_nodes(resources: Resources) -> Iterator[Reading]:
    """Pools that get nodes by demand, up to a limit."""
    pools = resources.kind(_POOL)
    used = {pool.read("spec", "template", "spec", "nodeClassRef", "name") for pool in pools}
    for record in resources.kind(_NODE_CLASS):
        if record.object_name not in used:
            yield record.exists("limited", "no")
    for record in pools:
        yield record.holds("limited", "spec", "limits", when=is_set)
        yield record.holds("gradual", "spec", "disruption", "budgets", when=is_set)
    for record in resources.charts("karpenter") if pools else []:
        yield record.holds("operator-pinned", "version", when=is_set)


def spending(resources: Resources) -> Iterator[Reading]:
    """Who is told when an account spends more than was meant."""
    for record in resources.of("aws:budgets/budget:Budget"):
        yield record.holds("limited", "limitAmount", when=lambda amount: float(amount) > 0)
        for place, _ in record.items("notifications"):
            yield record.holds("told", "notifications", place, "subscriberEmailAddresses", when=is_set)
        kinds = frozenset(
            str(cast("dict[str, Any]", item).get("notificationType"))
            for _, item in record.items("notifications")
            if item is not UNKNOWN
        )
        warned = UNKNOWN if record.read("notifications") is UNKNOWN else kinds
        yield record.says("warned", warned, "notifications")


def _rented(reason: str) -> OneSided:
    return OneSided(on=("eks",), reason=reason, review=date(2027, 5, 1))


SPECIFICATIONS = (
    Specification(
        name="node-firewall",
        statement="Nodes answer nobody but each other and the clients of a named port.",
        evidence=firewall,
        one_sided=CLUSTER_OWNED,
        facets=(holds("closed", "what no rule names is dropped"),),
    ),
    Specification(
        name="node-upgrades",
        statement="Nodes run one known release and are upgraded one after another.",
        evidence=upgrades,
        one_sided=CLUSTER_OWNED,
        facets=(
            holds("pinned", "the release is written down", "operability"),
            holds("one-by-one", "one node at a time", "operability"),
        ),
    ),
    Specification(
        name="persistent-volumes",
        statement="Data lies on volumes that outlive the pods that wrote it.",
        evidence=volumes,
        facets=(
            Facet(name="classes", meaning="classes by meaning", kind="function", minimum=CLASSES, order=Names()),
            holds("kept", "a volume outlives its claim", "durability"),
            Facet(
                name="survives",
                meaning="what may be lost without losing a volume",
                kind="durability",
                minimum="none",
                order=PLACES,
                differences=tuple(
                    Difference(
                        weaker=weaker,
                        stronger="eks",
                        value="none",
                        than="node",
                        reason="local disks are the fastest and their "
                        "stores copy by themselves; the setting `storage.replicated` adds volumes that outlive a node",
                    )
                    for weaker in ("k3s", "existing")
                ),
            ),
            Facet(
                name="at-rest",
                meaning="how volumes are encrypted",
                kind="security",
                minimum="none",
                order=ENCRYPTION,
                differences=tuple(
                    Difference(
                        weaker=weaker,
                        stronger="eks",
                        value="none",
                        than="own-key",
                        reason="disks of own hosts are encrypted by their "
                        "owner, below Kubernetes, which no graph can show",
                    )
                    for weaker in ("k3s", "existing")
                ),
            ),
            Facet(
                name="grows",
                meaning="a volume can be made larger",
                kind="operability",
                minimum="no",
                differences=tuple(
                    Difference(
                        weaker=weaker,
                        stronger="eks",
                        value="no",
                        than="yes",
                        reason="a folder on a disk has no size of its own",
                    )
                    for weaker in ("k3s", "existing")
                ),
            ),
        ),
    ),
    Specification(
        name="metadata-service-protection",
        statement="A pod cannot take the rights of its node.",
        evidence=metadata_service,
        one_sided=_rented("own hosts have no service that hands out a node's rights"),
        facets=(
            holds("signed", "the service wants a token"),
            holds("one-hop", "the token does not reach pods"),
        ),
    ),
    Specification(
        name="node-autoscaling",
        statement="Nodes are rented when pods need them, up to a limit.",
        evidence=more_nodes,
        one_sided=_rented(
            "an organisation has as many hosts as it has; requests queue, and models share nodes by priority"
        ),
        facets=(
            holds("limited", "a pool has a limit", "capacity"),
            holds("gradual", "nodes are not replaced all at once", "capacity"),
            holds("operator-pinned", "the operator comes from a chart at one pinned version", "operability"),
        ),
    ),
    Specification(
        name="spending-alert",
        statement="Somebody is told before an account spends more than was meant.",
        evidence=spending,
        one_sided=_rented("own hosts cost the same whatever runs on them; prices of their tokens are in the gateway"),
        facets=(
            holds("limited", "there is a limit", "operability"),
            holds("told", "every notice has a reader", "operability"),
            Facet(
                name="warned",
                meaning="what is compared with the limit",
                kind="operability",
                minimum=frozenset({"ACTUAL"}),
                order=Names(),
            ),
        ),
    ),
)
