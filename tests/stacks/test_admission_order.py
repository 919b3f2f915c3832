"""What the API server refuses by itself holds before there is anything that it could refuse."""

from __future__ import annotations

from components.base.labels import MANAGED_BY
from tools.render.graph import RenderedStack
from tools.render.monitor import RecordedResource

JUDGED_AS_OWN = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "EnvoyProxy",
    "Job",
    "LeaderWorkerSet",
    "Role",
    "RoleBinding",
    "Rollout",
    "Service",
    "StatefulSet",
}


def test_the_policies_wait_for_nothing_and_every_namespace_for_all_of_them(rendered: RenderedStack) -> None:
    """A namespace that the stack newly makes privileged would be refused by the policies of the run before."""
    bindings = {item.urn for item in rendered.objects if kind(item) == "ValidatingAdmissionPolicyBinding"}
    namespaces = [item for item in rendered.objects if kind(item) == "Namespace"]
    assert len(bindings) > 10
    assert namespaces
    assert all(bindings <= set(item.depends_on) for item in namespaces)
    policies = [item for item in rendered.objects if kind(item) == "ValidatingAdmissionPolicy"]
    assert {dependency for item in policies for dependency in item.depends_on} == set()


def test_every_object_of_our_own_says_so(rendered: RenderedStack) -> None:
    """What Pulumi sends without this label counts as a chart's, and is held to fewer rules."""
    own = [item for item in rendered.objects if kind(item) in JUDGED_AS_OWN]
    assert own
    unlabelled = [item.name for item in own if item.inputs["metadata"]["labels"].get(MANAGED_BY) != "pulumi"]
    assert unlabelled == []


def kind(resource: RecordedResource) -> str:
    return resource.type.rpartition(":")[2]
