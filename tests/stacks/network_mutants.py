"""Every single fault that a set of network policies can have: something is missing from one of them, or too wide."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.base.label_selector import selects
from components.base.reachability import Pod

Policy = Mapping[str, Any]

PEERS = {"ingress": "from", "egress": "to"}
OTHER = {"Ingress": "Egress", "Egress": "Ingress"}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """`policies` differ from the original ones in the policy `original`; `what` says how."""

    what: str
    original: Policy
    policies: tuple[Policy, ...]

    @property
    def namespace(self) -> str:
        return self.original["metadata"]["namespace"]

    @property
    def names_addresses(self) -> bool:
        return "ipBlock" in str(self.original)

    def touches(self, pod: Pod) -> bool:
        return pod.namespace == self.namespace and selects(self.original["spec"]["podSelector"], pod.labels)


def mutants(policies: tuple[Policy, ...]) -> Iterator[Mutant]:
    for number, policy in enumerate(policies):
        name = f"{policy['metadata']['namespace']}/{policy['metadata']['name']}"
        yield _mutant(policies, number, f"{name}: deleted", None)
        for what, changed in _changes(policy):
            yield _mutant(policies, number, f"{name}: {what}", changed)


def _mutant(policies: tuple[Policy, ...], number: int, what: str, changed: Policy | None) -> Mutant:
    rest = (*policies[:number], *([changed] if changed else []), *policies[number + 1 :])
    return Mutant(what=what, original=policies[number], policies=rest)


def _changes(policy: Policy) -> Iterator[tuple[str, Policy]]:
    for kind in policy["spec"]["policyTypes"]:
        left = [other for other in policy["spec"]["policyTypes"] if other != kind]
        # An empty list would mean Ingress again.
        yield f"no longer about {kind}", _with(policy, ["policyTypes"], left or [OTHER[kind]])
    for direction, peers in PEERS.items():
        for index, rule in enumerate(policy["spec"].get(direction) or []):
            about = f"{direction} {_peer_text(rule[peers])}:{_ports_text(rule['ports'])}"
            others = [other for number, other in enumerate(policy["spec"][direction]) if number != index]
            yield f"{about} dropped", _with(policy, [direction], others)
            for key in (peers, "ports"):
                for number in range(len(rule[key])):
                    fewer = [item for place, item in enumerate(rule[key]) if place != number]
                    yield f"{about} without {key}[{number}]", _with(policy, [direction, index, key], fewer)
            for number, peer in enumerate(rule[peers]):
                for what, wider in _wider(peer):
                    yield f"{about} without {what}", _with(policy, [direction, index, peers, number], wider)


def _with(policy: Policy, path: list[str | int], value: Any) -> Policy:
    changed: Any = copy.deepcopy(policy)
    place = changed["spec"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def _wider(peer: Policy) -> Iterator[tuple[str, Policy]]:
    if "ipBlock" not in peer:
        yield "labels", {**peer, "podSelector": {}}
        yield "namespace", {**peer, "namespaceSelector": {}}
        return
    block = peer["ipBlock"]
    holes = block.get("except", [])
    for hole in holes:
        left = [other for other in holes if other != hole]
        yield f"except {hole}", {"ipBlock": {"cidr": block["cidr"]} | ({"except": left} if left else {})}


def _peer_text(peers: list[Policy]) -> str:
    return "+".join(
        peer["ipBlock"]["cidr"] if "ipBlock" in peer else "/".join(sorted(peer["podSelector"]["matchLabels"].values()))
        for peer in peers
    )


def _ports_text(ports: list[Policy]) -> str:
    return ",".join(str(port["port"]) for port in ports)
