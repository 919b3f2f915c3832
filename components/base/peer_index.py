"""Who may open a connection to a pod, found without asking every pair of pods (`components/base/reachability.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from components.base.label_index import LabelIndex
from components.base.network_policy import Peer
from components.base.reachability import Endpoint, Network, Pod

Item = TypeVar("Item")


class PeerIndex(Generic[Item]):
    """Items by their endpoints. Answers in the order in which they were given, and with somewhat more than the truth:
    whoever asks then looks at the few that are left."""

    def __init__(self, network: Network, entries: Iterable[tuple[Item, Endpoint]]) -> None:
        """Index the items for what the policies of `network` say of peers."""
        self._network = network
        self._items: list[Item] = []
        pods: dict[str, list[tuple[int, Mapping[str, str]]]] = {}
        for place, (item, endpoint) in enumerate(entries):
            self._items.append(item)
            # Selectors choose neither addresses nor pods that have their node's.
            if isinstance(endpoint, Pod) and not endpoint.host_network:
                pods.setdefault(endpoint.namespace, []).append((place, endpoint.labels))
        self._pods = {
            namespace: LabelIndex((place, (labels,)) for place, labels in own) for namespace, own in pods.items()
        }
        self._namespaces = LabelIndex((namespace, (network.namespace_labels(namespace),)) for namespace in pods)

    def may_enter(self, target: Pod) -> list[Item]:
        """The items that the ingress policies of `target` may let in on some port."""
        if target.host_network or not self._network.isolated(target, "ingress"):
            return self._items
        found: set[int] = set()
        for policy, rules in self._network.rules_of(target, "ingress"):
            for rule in rules:
                if not rule.peers or any(peer.block is not None for peer in rule.peers):
                    return self._items
                for peer in rule.peers:
                    found.update(self._selected(peer, policy.namespace))
        return [self._items[place] for place in sorted(found)]

    def _selected(self, peer: Peer, own: str) -> Iterable[int]:
        places = [own] if peer.namespaces is None else self._namespaces.may_match(peer.namespaces)
        return (found for place in places if place in self._pods for found in self._pods[place].may_match(peer.pods))
