"""No pod template escapes the rules, whatever kind it hides in."""

from __future__ import annotations

from typing import Any

import pytest

from policies.findings import Result
from tests.policies.cases import UNKNOWN, judged
from tests.policies.objects import Json, container, deployment, metadata, pod_spec, resource

ROOTED = pod_spec(containers=[container(securityContext={"privileged": True})])
TEMPLATE = {"metadata": {"labels": {}}, "spec": ROOTED}


def _under(*keys: str, template: Any = None) -> Json:
    inputs: Json = {"metadata": metadata("x")}
    place: Any = inputs
    for key in keys[:-1]:
        place = place.setdefault(key, {})
    place[keys[-1]] = template if template is not None else TEMPLATE
    return inputs


WORKLOADS = {
    "core/v1:Pod": _under("spec", template=ROOTED),
    "core/v1:PodTemplate": _under("template"),
    "core/v1:ReplicationController": _under("spec", "template"),
    "apps/v1:Deployment": _under("spec", "template"),
    "apps/v1:StatefulSet": _under("spec", "template"),
    "apps/v1:DaemonSet": _under("spec", "template"),
    "apps/v1:ReplicaSet": _under("spec", "template"),
    "apps/v1:DeploymentPatch": _under("spec", "template"),
    "batch/v1:Job": _under("spec", "template"),
    "batch/v1:CronJob": _under("spec", "jobTemplate", "spec", "template"),
    "apps/v1:DeploymentList": {"items": [_under("spec", "template")]},
    "core/v1:List": {"items": [{"apiVersion": "v1", "kind": "Pod", **_under("spec", template=ROOTED)}]},
    "argoproj.io/v1alpha1:Rollout": _under("spec", "template"),
    "leaderworkerset.x-k8s.io/v1:LeaderWorkerSet": _under("spec", "leaderWorkerTemplate", "workerTemplate"),
    "ray.io/v1:RayCluster": _under("spec", "workerGroupSpecs", template=[{"template": TEMPLATE}]),
    "jobset.x-k8s.io/v1alpha2:JobSet": _under(
        "spec", "replicatedJobs", template=[{"template": {"spec": {"template": TEMPLATE}}}]
    ),
    "keda.sh/v1alpha1:ScaledJob": _under("spec", "jobTargetRef", "template"),
    "serving.knative.dev/v1:Service": _under("spec", "template"),
    "kubeflow.org/v1:PyTorchJob": _under("spec", "pytorchReplicaSpecs", "Worker", "template"),
}


@pytest.mark.parametrize("token", WORKLOADS)
def test_a_privileged_container_is_found_in_every_kind_that_makes_pods(token: str) -> None:
    findings = judged([resource(token, WORKLOADS[token], name="x")], "POD-01").findings
    assert [finding.result for finding in findings] == [Result.FAIL]
    assert findings[0].path.endswith("containers[0].securityContext.privileged")


GPU_WITHOUT_LIMIT = container(resources={"requests": {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": 1}})


@pytest.mark.parametrize(
    ("token", "place"),
    [
        ("argoproj.io/v1alpha1:Rollout", ("spec", "template")),
        ("leaderworkerset.x-k8s.io/v1:LeaderWorkerSet", ("spec", "leaderWorkerTemplate", "leaderTemplate")),
        ("leaderworkerset.x-k8s.io/v1:LeaderWorkerSet", ("spec", "leaderWorkerTemplate", "workerTemplate")),
    ],
)
@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("POD-01", container(securityContext={"privileged": True})),
        ("SUP-06", container(image="docker.io/vllm/vllm-openai:latest")),
        ("AI-04", GPU_WITHOUT_LIMIT),
    ],
)
def test_each_template_of_a_model_s_workload_is_judged_by_every_rule_for_pods(
    token: str, place: tuple[str, ...], rule: str, broken: Json
) -> None:
    sound = resource(token, _under(*place, template={"metadata": {"labels": {}}, "spec": pod_spec()}), name="x")
    assert judged([sound], rule).findings == ()
    wrong = {"metadata": {"labels": {}}, "spec": pod_spec(containers=[broken])}
    findings = judged([resource(token, _under(*place, template=wrong), name="x")], rule).findings
    assert findings
    assert all(finding.result is Result.FAIL for finding in findings)
    assert all(finding.path.startswith(".".join(place)) for finding in findings)


@pytest.mark.parametrize("role", ["initContainers", "ephemeralContainers"])
def test_init_and_ephemeral_containers_are_judged_like_main_ones(role: str) -> None:
    spec = pod_spec(**{role: [container(name="debug", securityContext={"privileged": True})]})
    (finding,) = judged([deployment(spec=spec)], "POD-01").findings
    assert f".{role}[0]." in finding.path


def test_an_item_of_a_list_is_named_by_its_own_kind_and_name() -> None:
    item = {"apiVersion": "v1", "kind": "Pod", **_under("spec", template=ROOTED)}
    (finding,) = judged([resource("core/v1:List", {"items": [item]}, name="all")], "POD-01").findings
    assert finding.subject == "models/Pod/x"
    assert finding.path.startswith("items[0].spec.")


def test_an_item_of_a_list_in_a_list_is_judged_too() -> None:
    item = {"apiVersion": "v1", "kind": "Pod", **_under("spec", template=ROOTED)}
    inner = {"apiVersion": "v1", "kind": "List", "items": [item]}
    (finding,) = judged([resource("core/v1:List", {"items": [inner]}, name="all")], "POD-01").findings
    assert finding.subject == "models/Pod/x"
    assert finding.path.startswith("items[0].items[0].spec.")


def test_a_custom_resource_whose_own_spec_has_containers_is_no_pod_template() -> None:
    inputs = {"metadata": metadata("x"), "spec": {"containers": [{"name": "prometheus"}]}}
    assert judged([resource("monitoring.coreos.com/v1:Prometheus", inputs)], "POD-07").findings == ()


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        ("apps/v1:Deployment", {"spec": UNKNOWN}),
        ("apps/v1:Deployment", {"spec": {"template": UNKNOWN}}),
        ("apps/v1:DeploymentList", {"items": [UNKNOWN]}),
        ("core/v1:List", {"items": [{"kind": UNKNOWN, "spec": ROOTED}]}),
        ("argoproj.io/v1alpha1:Rollout", {"spec": {"template": UNKNOWN}}),
        ("leaderworkerset.x-k8s.io/v1:LeaderWorkerSet", {"spec": {"leaderWorkerTemplate": UNKNOWN}}),
    ],
)
def test_a_template_hidden_by_an_unknown_value_is_undecided(token: str, inputs: Json) -> None:
    findings = judged([resource(token, inputs, name="x")], "POD-01").findings
    assert [finding.result for finding in findings] == [Result.UNDECIDED]


def test_a_patch_without_pod_template_is_not_judged_for_what_it_leaves_out() -> None:
    inputs = {"metadata": metadata("x"), "spec": {"replicas": 3}}
    assert judged([resource("apps/v1:DeploymentPatch", inputs)]).findings == ()


def test_one_unknown_container_does_not_hide_the_violation_of_another() -> None:
    spec = pod_spec(containers=[UNKNOWN, container(securityContext={"privileged": True})])
    results = [finding.result for finding in judged([deployment(spec=spec)], "POD-01").findings]
    assert results == [Result.UNDECIDED, Result.FAIL]


@pytest.mark.parametrize("wrong", ["text", 3, {"a": 1}])
def test_a_list_of_containers_that_is_no_list_fails(wrong: object) -> None:
    (finding,) = judged([deployment(spec=pod_spec(containers=wrong))], "POD-01").findings
    assert (finding.result, finding.message) == (Result.FAIL, "must be a list")


def test_jobs_need_no_probes_and_deployments_do() -> None:
    bare = {key: value for key, value in container().items() if not key.endswith("Probe")}
    template = {"spec": pod_spec(containers=[bare])}
    job = resource("batch/v1:Job", {"metadata": metadata("x"), "spec": {"template": template}})
    assert judged([job], "POD-16").findings == ()
    assert judged([deployment(spec=template["spec"])], "POD-16").findings
