"""Default-deny, Pod Security labels and disruption budgets in the shapes that Kubernetes allows."""

from __future__ import annotations

import pytest

from policies.findings import Result
from tests.policies.cases import UNKNOWN, judged
from tests.policies.objects import (
    Json,
    default_deny,
    deployment,
    disruption_budget,
    metadata,
    namespace,
    network_policy,
    resource,
)

EGRESS, INGRESS = "for egress", "for ingress"


def _missing(*policies: Json) -> set[str]:
    findings = judged([deployment(), *policies], "NET-01").findings
    return {finding.message.rpartition(" NetworkPolicy ")[2] for finding in findings}


def test_one_policy_or_two_may_deny_both_directions() -> None:
    assert _missing(default_deny()) == set()
    halves = (network_policy("in", policyTypes=["Ingress"]), network_policy("out", policyTypes=["Egress"]))
    assert _missing(*halves) == set()


def test_a_policy_without_types_denies_ingress_only() -> None:
    assert _missing(network_policy("deny")) == {EGRESS}


def test_a_policy_that_selects_some_pods_is_no_default() -> None:
    some = {"matchLabels": {"a": "b"}}
    assert _missing(network_policy("deny", podSelector=some, policyTypes=["Ingress", "Egress"])) == {EGRESS, INGRESS}
    some = {"matchExpressions": [{"key": "a", "operator": "Exists"}]}
    assert _missing(network_policy("deny", podSelector=some, policyTypes=["Ingress", "Egress"])) == {EGRESS, INGRESS}


def test_a_policy_of_another_namespace_does_not_help() -> None:
    assert _missing(default_deny("other")) == {EGRESS, INGRESS}


def test_names_for_all_pods_may_be_resolved_and_the_rest_stays_denied() -> None:
    dns = network_policy("dns", policyTypes=["Egress"], egress=[{"ports": [{"port": 53, "protocol": "UDP"}]}])
    assert _missing(default_deny(), dns) == set()


def test_allowing_everything_to_all_pods_undoes_the_default() -> None:
    assert _missing(default_deny(), network_policy("open", policyTypes=["Ingress"], ingress=[{}])) == {INGRESS}


def test_a_namespace_without_pods_needs_no_policy() -> None:
    assert judged([namespace("empty")], "NET-01").findings == ()


def test_pods_without_namespace_are_in_the_namespace_default() -> None:
    bare = deployment()
    del bare["inputs"]["metadata"]["namespace"]
    assert "namespace default has pods" in judged([bare], "NET-01").findings[0].message


def test_an_unknown_namespace_is_undecided() -> None:
    assert {item.result for item in judged([deployment(namespace=UNKNOWN)], "NET-01").findings} == {Result.UNDECIDED}


@pytest.mark.parametrize(
    ("level", "passes"), [("restricted", True), ("baseline", True), ("privileged", False), ("x", False)]
)
def test_namespaces_enforce_restricted_or_baseline(level: str, passes: bool) -> None:
    labelled = namespace(**{"pod-security.kubernetes.io/enforce": level})
    assert (judged([labelled], "NS-01").findings == ()) is passes


def test_a_patch_is_judged_only_for_the_level_it_sets() -> None:
    def patch(**labels: str) -> Json:
        return resource("core/v1:NamespacePatch", {"metadata": {"name": "kube-system", "labels": labels}})

    assert judged([patch(team="a")], "NS-01").findings == ()
    assert judged([patch(**{"pod-security.kubernetes.io/enforce": "privileged"})], "NS-01").findings


def _workload(kind: str, replicas: int) -> Json:
    return deployment(replicas=replicas) | {"type": f"kubernetes:apps/v1:{kind}"}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
@pytest.mark.parametrize(("replicas", "budgets", "passes"), [(1, 0, True), (2, 0, False), (2, 1, True), (3, 0, False)])
def test_two_replicas_need_a_budget(kind: str, replicas: int, budgets: int, passes: bool) -> None:
    resources = [_workload(kind, replicas), *[disruption_budget()] * budgets]
    assert (judged(resources, "REL-01").findings == ()) is passes


@pytest.mark.parametrize(
    ("spec", "passes"),
    [
        ({"maxUnavailable": 1}, True),
        ({"maxUnavailable": "50%"}, True),
        ({"maxUnavailable": 0}, False),
        ({"maxUnavailable": "0%"}, False),
        ({"maxUnavailable": None, "minAvailable": 1}, True),
        ({"maxUnavailable": None, "minAvailable": 2}, False),
        ({"maxUnavailable": None, "minAvailable": "50%"}, True),
        ({"maxUnavailable": None, "minAvailable": "100%"}, False),
    ],
)
def test_a_budget_must_let_one_pod_go(spec: Json, passes: bool) -> None:
    assert (judged([deployment(replicas=2), disruption_budget(**spec)], "REL-01").findings == ()) is passes


def test_a_budget_of_another_namespace_or_without_selector_does_not_count() -> None:
    for budget in (disruption_budget(space="other"), disruption_budget(selector=None)):
        assert judged([deployment(replicas=2), budget], "REL-01").findings


def _scaled(kind: str, token: str, key: str, minimum: int) -> Json:
    spec = {"scaleTargetRef": {"kind": kind, "name": "app"}, key: minimum}
    return resource(token, {"metadata": metadata("scaler"), "spec": spec})


@pytest.mark.parametrize(
    ("token", "key"),
    [("autoscaling/v2:HorizontalPodAutoscaler", "minReplicas"), ("keda.sh/v1alpha1:ScaledObject", "minReplicaCount")],
)
def test_an_autoscalers_minimum_counts_as_the_replicas(token: str, key: str) -> None:
    assert judged([deployment(replicas=None), _scaled("Deployment", token, key, 2)], "REL-01").findings
    assert judged([deployment(replicas=None), _scaled("Deployment", token, key, 1)], "REL-01").findings == ()
    assert judged([deployment(replicas=None), _scaled("StatefulSet", token, key, 2)], "REL-01").findings == ()
