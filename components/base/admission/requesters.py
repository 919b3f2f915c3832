"""Which requests are judged: not those of the cluster itself, nor what did not change, nor somebody else's objects."""

from __future__ import annotations

from components.base.admission.policy import text_list
from components.base.labels import MANAGED_BY

_GROUPS = "request.userInfo.?groups.orValue([])"
_USER = "request.userInfo.?username.orValue('')"

_CONTROL_PLANES = ("system:kube-", "system:k3s-", "eks:")
"""How the names of users begin that a control plane keeps for itself: that of Kubernetes, of k3s (its supervisor brings
the packaged components of a release) and of EKS (its add-on manager brings roles and namespaces of add-ons)."""

NOT_THE_CLUSTER = {
    "not-the-cluster-itself": (
        f"!('system:nodes' in {_GROUPS}) && !('system:serviceaccounts:kube-system' in {_GROUPS}) && "
        f"!({_USER} == 'system:apiserver') && !{text_list(_CONTROL_PLANES)}.exists(own, {_USER}.startsWith(own))"
    )
}
"""The control plane makes pods out of templates that were judged when they arrived, and keeps its own roles."""

_SENT_BY_PULUMI = "request.?options.?fieldManager.orValue('').startsWith('pulumi-kubernetes')"

OWN = {
    "not-of-a-chart": (
        f"dyn(object).metadata.?labels[?'{MANAGED_BY}'].orValue('') == 'pulumi' || "
        f"(!('system:serviceaccounts' in {_GROUPS}) && !{_SENT_BY_PULUMI} && "
        f"!dyn(object).metadata.?labels[?'{MANAGED_BY}'].hasValue() && "
        "!dyn(object).metadata.?labels[?'helm.sh/chart'].hasValue())"
    )
}
"""What this program or a person makes: nothing that a chart brings, nor what its operator makes at run time.

This program labels all objects of its own, and not every chart does: what Pulumi sends without a label is a chart's.
"""


def changed(*members: str) -> dict[str, str]:
    """Judge an update only where one of the object's `members` changes, and never one of an object that goes.

    What was there before the policy can be scaled, labelled, finalized and deleted as before.
    """
    return _judged_if(_differ(*members))


def changed_pods(*members: str) -> dict[str, str]:
    """As `changed`, for objects that describe pods: a workload may be scaled or suspended, whatever its pods are."""
    pods = f"(request.kind.kind in ['Pod'] ? {_differ('spec')} : {_differ(*_TEMPLATES)})"
    return _judged_if(" || ".join((pods, *map(_differ, members))))


_TEMPLATES = ("template", "spec.?template", "spec.?jobTemplate.?spec.?template", "spec.?leaderWorkerTemplate")


def _differ(*members: str) -> str:
    return " || ".join(f"dyn(object).?{member} != dyn(oldObject).?{member}" for member in members)


def _judged_if(differs: str) -> dict[str, str]:
    return {
        "not-unchanged": f"request.operation != 'UPDATE' || {differs}",
        "not-being-deleted": "!has(dyn(object).metadata.deletionTimestamp)",
    }
