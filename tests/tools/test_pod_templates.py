from __future__ import annotations

from typing import Any

from tools.deploy.pod_templates import template_pods, templates_of

TEMPLATE: dict[str, Any] = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c"}]}}


def workload(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "x", "namespace": "models"}, "spec": spec}


def test_a_rollout_is_judged_by_its_pod_like_a_deployment() -> None:
    (pod,) = template_pods([workload("Deployment", {"template": TEMPLATE})])
    (rolled,) = template_pods([workload("Rollout", {"template": TEMPLATE})])
    assert rolled["spec"] == pod["spec"] == TEMPLATE["spec"] | {"volumes": []}
    assert rolled["metadata"]["name"] == "x-rollout"


def test_leader_and_worker_of_a_group_are_two_pods() -> None:
    group = workload(
        "LeaderWorkerSet", {"leaderWorkerTemplate": {"leaderTemplate": TEMPLATE, "workerTemplate": TEMPLATE}}
    )
    assert [pod["metadata"]["name"] for pod in template_pods([group])] == ["x-leaderworkerset", "x-leaderworkerset-1"]
    alone = workload("LeaderWorkerSet", {"leaderWorkerTemplate": {"workerTemplate": TEMPLATE}})
    assert list(templates_of(alone)) == [TEMPLATE]


def test_what_makes_no_pods_has_no_template() -> None:
    assert template_pods([workload("Service", {"template": TEMPLATE})]) == []
