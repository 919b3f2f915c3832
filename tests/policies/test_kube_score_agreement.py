"""What kube-score finds, our rules find too, or it is known why not."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from policies.rules import REGISTRY
from policies.subjects import subjects_of
from tests.policies.cases import judged
from tests.policies.judges import Json, judges
from tests.policies.objects import container, deployment, namespace, pod_spec, resource, service
from tests.stacks.conftest import STACKS, rendered_stack
from tools.policy_judges.kube_score import RULES_OF_CHECKS, ScoreFinding, list_checks, score
from tools.render.manifests import manifest
from tools.simulator.binaries import KUBERNETES

VERSION = ".".join(KUBERNETES.version.split(".")[:2])


def template(item: Json) -> Json:
    spec = item["spec"]["jobTemplate"]["spec"] if item["kind"] == "CronJob" else item["spec"]
    return spec["template"]["spec"]


def containers(item: Json) -> list[Json]:
    spec = template(item)
    return [*spec.get("initContainers", []), *spec["containers"]]


def pulls_what_is_pinned(item: Json, _: list[Json]) -> bool:
    # SUP-05 asks for Always where a tag may move; a digest or an exact tag is one image however often it is pulled.
    return all("@sha256:" in one["image"] or one["image"].rpartition(":")[2][:1].isalnum() for one in containers(item))


def has_no_disk_but_limited_volumes(item: Json, _: list[Json]) -> bool:
    scratch = [volume["emptyDir"] for volume in template(item).get("volumes", []) if "emptyDir" in volume]
    read_only = all(one["securityContext"]["readOnlyRootFilesystem"] for one in containers(item))
    return read_only and all("sizeLimit" in volume for volume in scratch)


def runs_as_somebody_but_root(item: Json, _: list[Json]) -> bool:
    security = template(item)["securityContext"]
    return security["runAsNonRoot"] and security["runAsUser"] > 0


def probes_differ(item: Json, _: list[Json]) -> bool:
    return all(one.get("readinessProbe") != one.get("livenessProbe") for one in template(item)["containers"])


def is_a_model_or_of_a_small_stack(item: Json, objects: list[Json]) -> bool:
    is_model = item["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"] == "model"
    environment = item["metadata"]["labels"]["ai-platform/environment"]
    assert objects
    return is_model or environment != "prod"


def spreads_over_nodes(item: Json, _: list[Json]) -> bool:
    keys = {spread["topologyKey"] for spread in template(item).get("topologySpreadConstraints", [])}
    return "kubernetes.io/hostname" in keys


def selects_pods_of_an_operator(item: Json, objects: list[Json]) -> bool:
    # NET-02 knows the pods of operators and charts, and says so where a policy is about none of them either.
    assert objects
    return item["metadata"]["name"].startswith(("allow-", "default-deny"))


def leads_to_a_rollout(item: Json, objects: list[Json]) -> bool:
    wanted = item["spec"]["selector"].items()
    return any(
        one["spec"]["template"]["metadata"]["labels"].items() >= wanted for one in objects if one["kind"] == "Rollout"
    )


def has_one_replica_behind_a_service(item: Json, objects: list[Json]) -> bool:
    named = [
        one for one in objects if one["kind"] == "Service" and one["metadata"]["name"] == item["spec"]["serviceName"]
    ]
    return item["spec"]["replicas"] == 1 and bool(named)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Why a finding of kube-score is none of ours; `holds` checks the reason on the object itself."""

    why: str
    holds: Callable[[Json, list[Json]], bool]


DIFFERENCES: Mapping[str, Difference] = {
    "container-image-pull-policy": Difference(
        why="It asks for Always everywhere. Images are pinned (SUP-01), and SUP-05 asks for Always where they are not.",
        holds=pulls_what_is_pinned,
    ),
    "container-ephemeral-storage-request-and-limit": Difference(
        why="It asks for a request and a limit of local disk. A pod whose root is read-only (POD-12) and whose scratch "
        "volumes are limited (POD-20) cannot fill a disk; those that copy weights to one request it.",
        holds=has_no_disk_but_limited_volumes,
    ),
    "container-security-context-user-group-id": Difference(
        why="It asks for ids above 10,000. Images come with a user of their own that owns their files; POD-08 asks "
        "that it is not root.",
        holds=runs_as_somebody_but_root,
    ),
    "pod-probes-identical": Difference(
        why="It compares what is asked. The servers answer on one path, and POD-16 asks that the whole probes differ: "
        "a restart takes many more failures than the end of traffic.",
        holds=probes_differ,
    ),
    "deployment-replicas": Difference(
        why="It asks for two replicas of whatever has a Service. A second replica of a model is a GPU more, which the "
        "stack file decides; REL-02 asks it of the gateway and Keycloak in production.",
        holds=is_a_model_or_of_a_small_stack,
    ),
    "deployment-has-host-podantiaffinity": Difference(
        why="It knows anti-affinity only; topology spread constraints do the same and bear a lost node (REL-02).",
        holds=spreads_over_nodes,
    ),
    "statefulset-has-host-podantiaffinity": Difference(why="As for Deployments.", holds=spreads_over_nodes),
    "networkpolicy-targets-pod": Difference(
        why="It sees no pods of operators, charts and custom resources; NET-02 does.",
        holds=selects_pods_of_an_operator,
    ),
    "service-targets-pod": Difference(
        why="It does not know Rollouts, whose pods the Service leads to; REL-06 does.", holds=leads_to_a_rollout
    ),
    "statefulset-has-servicename": Difference(
        why="It asks for a headless Service. A store of one replica is addressed by its Service, not by a pod's name.",
        holds=has_one_replica_behind_a_service,
    ),
}

NOT_OURS: Mapping[str, str] = {
    "cronjob-has-deadline": "a missed start does no harm; POD-19 asks for a deadline of the job itself",
    "cronjob-restartpolicy": "the API server refuses what it objects to",
    "deployment-pod-selector-labels-match-template-metadata-labels": "the API server refuses what it objects to",
    "deployment-strategy": "a model that fills its GPUs has to go before its successor comes",
    "deployment-targeted-by-hpa-does-not-have-replicas-configured": "a matter of drift, which the golden files show",
    "environment-variable-key-duplication": "the API server warns, and the rehearsal takes warnings for failures",
    "horizontalpodautoscaler-replicas": "how few replicas are enough is for REL-02 to say",
    "ingress-targets-service": "there are no Ingresses but routes of the Gateway API, which REL-10 follows",
    "label-values": "the API server refuses what it objects to",
    "pod-topology-spread-constraints": "it objects to incomplete constraints, which the API server refuses",
    "poddisruptionbudget-has-policy": "a budget without either number allows one eviction, which REL-01 asks for",
    "statefulset-pod-selector-labels-match-template-metadata-labels": "the API server refuses what it objects to",
}
"""Checks that no rule of ours repeats. They find nothing on the shipped stacks."""


@cache
def stack_objects(stack: str) -> list[Json]:
    return [manifest(item) for item in rendered_stack(stack).objects]


@cache
def stack_findings(stack: str) -> list[ScoreFinding]:
    return score(judges().kube_score, stack_objects(stack), VERSION)


def the_object(finding: ScoreFinding, objects: list[Json]) -> Json:
    (found,) = (
        item
        for item in objects
        if (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"])
        == (finding.kind, finding.namespace, finding.name)
    )
    return found


def test_every_check_is_a_rule_of_ours_or_has_a_reason_and_no_name_is_stale() -> None:
    accounted = [*RULES_OF_CHECKS, *DIFFERENCES, *NOT_OURS]
    assert len(accounted) == len(set(accounted))
    assert set(accounted) == list_checks(judges().kube_score)
    assert {rule.id for rule in REGISTRY} >= {name for names in RULES_OF_CHECKS.values() for name in names.split()}


@pytest.mark.parametrize("stack", STACKS)
def test_each_of_its_findings_is_ours_too_or_its_reason_holds(stack: str) -> None:
    objects = stack_objects(stack)
    findings = stack_findings(stack)
    assert len(findings) > 50
    for finding in findings:
        difference = DIFFERENCES.get(finding.check)
        if difference:
            assert difference.holds(the_object(finding, objects), objects), finding
        else:
            assert finding.check in RULES_OF_CHECKS, finding
            assert ours(stack, finding) & set(RULES_OF_CHECKS[finding.check].split()), finding


def ours(stack: str, finding: ScoreFinding) -> set[str]:
    """The rules with resource scope that object to the object; rules of the whole stack find nothing on these."""
    return {
        rule.id
        for item in rendered_stack(stack).as_graph()["resources"]
        for subject in subjects_of(item)
        if (subject.kind, subject.namespace, subject.name) == (finding.kind, finding.namespace, finding.name)
        for rule in REGISTRY
        if rule.of_object and any(True for _ in rule.of_object(subject))
    }


def test_no_reason_is_stale() -> None:
    found = {finding.check for stack in STACKS for finding in stack_findings(stack)}
    assert set(DIFFERENCES) <= found


BROKEN: Mapping[str, list[Json]] = {
    "container-image-tag": [deployment(spec=pod_spec(containers=[container(image="docker.io/library/app:latest")]))],
    "container-resources": [deployment(spec=pod_spec(containers=[container(resources={})]))],
    "container-security-context-privileged": [
        deployment(spec=pod_spec(containers=[container(securityContext={"privileged": True})]))
    ],
    "container-security-context-readonlyrootfilesystem": [
        deployment(spec=pod_spec(containers=[container(securityContext={"readOnlyRootFilesystem": False})]))
    ],
    "pod-networkpolicy": [namespace(), deployment()],
    "pod-probes": [
        service(),
        deployment(spec=pod_spec(containers=[container(readinessProbe=None, livenessProbe=None)])),
    ],
    "service-type": [service(type="NodePort")],
    "stable-version": [
        resource("policy/v1beta1:PodDisruptionBudget", {"metadata": {"name": "b", "namespace": "models"}})
    ],
    "deployment-has-poddisruptionbudget": [deployment(replicas=2), service()],
    "statefulset-has-poddisruptionbudget": [],
    "horizontalpodautoscaler-has-target": [
        resource(
            "autoscaling/v2:HorizontalPodAutoscaler",
            {
                "metadata": {"name": "app", "namespace": "models"},
                "spec": {
                    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "ghost"},
                    "minReplicas": 2,
                    "maxReplicas": 3,
                },
            },
        )
    ],
}
"""By check: objects with the fault that it is about."""


def broken(check: str) -> list[Json]:
    if check != "statefulset-has-poddisruptionbudget":
        return copy.deepcopy(BROKEN[check])
    inputs = deployment(replicas=2)["inputs"]
    return [resource("apps/v1:StatefulSet", inputs | {"spec": inputs["spec"] | {"serviceName": "app"}})]


def as_manifest(record: Json) -> Json:
    version, _, kind = record["type"].removeprefix("kubernetes:").rpartition(":")
    return {"apiVersion": version.removeprefix("core/"), "kind": kind, **record["inputs"]}


@pytest.mark.parametrize("check", RULES_OF_CHECKS)
def test_both_find_the_fault_that_a_check_is_about(check: str) -> None:
    assert set(BROKEN) == set(RULES_OF_CHECKS)
    records = broken(check)
    theirs = {finding.check for finding in score(judges().kube_score, map(as_manifest, records), VERSION)}
    assert check in theirs
    found = {finding.rule for finding in judged(records).findings}
    assert found & set(RULES_OF_CHECKS[check].split())


@pytest.mark.parametrize("check", sorted(DIFFERENCES))
def test_a_reason_is_checked_and_not_only_told(check: str) -> None:
    assert DIFFERENCES[check].why.endswith(".")
    bare: Any = {
        "kind": "Deployment",
        "metadata": {"name": "x", "labels": {"ai-platform/environment": "prod"}},
        "spec": {
            "replicas": 3,
            "serviceName": "x",
            "selector": {"app": "x"},
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/component": "gateway"}},
                "spec": {
                    "securityContext": {"runAsNonRoot": False, "runAsUser": 0},
                    "containers": [{"image": "app:", "securityContext": {"readOnlyRootFilesystem": False}}],
                },
            },
        },
    }
    assert not DIFFERENCES[check].holds(bare, [bare])
