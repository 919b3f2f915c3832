"""The NetworkPolicies that select a pod, found without looking at those of every other workload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.base.label_index import SelectorIndex
from components.base.label_selector import selects
from components.base.network_policy import Policy
from policies.fields import MalformedError
from policies.network_policies import KIND, policy_of
from policies.normalise import UnknownValueError
from policies.stack import Stack


@dataclass(frozen=True, kw_only=True)
class Selecting:
    """`known` select the pod for certain; `unknown` are the paths by which others are not known yet."""

    known: tuple[Policy, ...]
    unknown: tuple[str, ...]


class _Index:
    def __init__(self, stack: Stack) -> None:
        found: dict[str, list[Policy]] = {}
        self._unknown: list[tuple[str | None, str]] = []
        for subject in stack.of(*KIND):
            try:
                subject.root.at("metadata").plain()
                policy = policy_of(subject)
            except UnknownValueError as error:
                self._unknown.append((subject.shown_namespace, error.path))
            except MalformedError:
                # AI-02 refuses it; the API server would not take it.
                continue
            else:
                found.setdefault(policy.namespace, []).append(policy)
        self._known = {
            namespace: SelectorIndex((policy, policy.pods) for policy in own) for namespace, own in found.items()
        }

    def selecting(self, namespace: str, labels: Mapping[str, str]) -> Selecting:
        """The policies of `namespace` that select pods with `labels`."""
        own = self._known.get(namespace)
        candidates = own.may_select(labels) if own else ()
        return Selecting(
            known=tuple(policy for policy in candidates if selects(policy.pods, labels)),
            unknown=tuple(path for place, path in self._unknown if place in {None, namespace}),
        )


def policies_of(stack: Stack, namespace: str, labels: Mapping[str, str]) -> Selecting:
    """The NetworkPolicies of the stack that select pods with `labels` in `namespace`."""
    return stack.once(_Index).selecting(namespace, labels)
