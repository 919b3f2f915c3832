"""NetworkPolicies as typed records, each read once however many rules look at it."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from components.base.network_policy import Policy, read_policy
from policies.subjects import Subject

KIND = ("networking.k8s.io", "NetworkPolicy")

_EXPECTED = "a NetworkPolicy that the API server accepts"

_READ: WeakKeyDictionary[Subject, Policy] = WeakKeyDictionary()


def policy_of(subject: Subject) -> Policy:
    """The policy that `subject` is. Raises UnknownValueError while it is not all known, and MalformedError."""
    if subject not in _READ:
        _READ[subject] = subject.root.parsed(read_policy, _EXPECTED)
    return _READ[subject]
