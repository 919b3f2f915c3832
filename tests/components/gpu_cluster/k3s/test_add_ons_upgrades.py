"""Upgrades of nodes: which node, when, in which order, and with which rights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.base import pins
from components.base.label_selector import selects
from components.base.reachability import Pod
from components.gpu_cluster.k3s.add_ons.upgrade_plans import UpgradePlan, UpgradeWindow
from tests.components.gpu_cluster.k3s.add_ons import NODES, PLAN, installed, network, waits_for
from tests.components.surroundings import Built
from tests.crd_schemas import schema_problems

NIGHT = UpgradeWindow(days=("saturday", "sunday"), start="22:00", end="04:00", time_zone="Europe/Stockholm")
SERVER = {"node-role.kubernetes.io/control-plane": "true", "ai-platform/role": "system"}
BARE_SERVER = {"node-role.kubernetes.io/control-plane": "true"}
AGENT = {"ai-platform/role": "system"}
GPU_NODE = {"ai-platform/role": "gpu"}


@pytest.fixture(scope="module")
def built() -> Built:
    return installed()


def plans(built: Built) -> dict[str, dict[str, Any]]:
    return {item["metadata"]["name"]: item["spec"] for item in built.objects("Plan")}


def with_upgrades(**changes: Any) -> Built:
    plan = UpgradePlan(window=NIGHT, drain_seconds=7200, gpu_nodes_at_once=1)
    return installed(replace(PLAN, upgrades=replace(plan, **changes)))


def rules(built: Built, kind: str, name: str) -> list[dict[str, Any]]:
    (found,) = [item for item in built.objects(kind) if item["metadata"]["name"] == name]
    return found["rules"]


@pytest.mark.parametrize(
    ("node", "plan"),
    [(SERVER, "servers"), (BARE_SERVER, "servers"), (AGENT, "agents"), (GPU_NODE, "gpu-nodes")],
    ids=["server", "server alone", "agent", "GPU node"],
)
def test_every_node_belongs_to_one_plan(built: Built, node: dict[str, str], plan: str) -> None:
    assert [name for name, spec in plans(built).items() if selects(spec["nodeSelector"], node)] == [plan]


def test_the_release_is_the_pinned_one_and_no_server_elsewhere_chooses_another(built: Built) -> None:
    assert set(plans(built)) == {"servers", "agents", "gpu-nodes"}
    for spec in plans(built).values():
        assert spec["version"] == NODES.release
        assert "channel" not in spec
        assert spec["upgrade"]["image"] == "docker.io/rancher/k3s-upgrade:v1.36.5-k3s1"


@pytest.mark.parametrize("release", sorted(pins.K3S_RELEASES.values()))
def test_every_pinned_release_has_an_upgrade_image(release: str) -> None:
    assert "+" not in pins.k3s_upgrade(release).tag
    assert pins.k3s_upgrade(release).tag == release.replace("+", "-")


def test_servers_go_one_by_one_and_all_others_wait_for_them(built: Built) -> None:
    found = plans(built)
    assert found["servers"]["concurrency"] == 1
    assert found["servers"]["cordon"] is True
    assert "prepare" not in found["servers"]
    for name in ("agents", "gpu-nodes"):
        assert found[name]["prepare"]["args"] == ["prepare", "servers"]


def test_gpu_nodes_are_drained_by_evictions_that_respect_budgets() -> None:
    spec = plans(with_upgrades())["gpu-nodes"]
    assert spec["drain"] == {
        "timeout": "7200s",
        "ignoreDaemonSets": True,
        "deleteEmptydirData": True,
        "force": False,
        "disableEviction": False,
    }
    assert spec["jobActiveDeadlineSecs"] > 7200
    assert "drain" not in plans(with_upgrades())["servers"]


def test_as_many_gpu_nodes_leave_at_once_as_the_settings_say() -> None:
    found = plans(with_upgrades(gpu_nodes_at_once=2))
    assert {name: spec["concurrency"] for name, spec in found.items()} == {"servers": 1, "agents": 1, "gpu-nodes": 2}


def test_a_job_that_waits_for_the_servers_lives_longer_than_their_upgrade_takes(built: Built) -> None:
    found = plans(built)
    servers = NODES.servers * found["servers"]["jobActiveDeadlineSecs"]
    assert found["agents"]["jobActiveDeadlineSecs"] > servers
    assert found["gpu-nodes"]["jobActiveDeadlineSecs"] > servers


def test_no_node_is_touched_outside_of_the_window() -> None:
    window = {"days": ["saturday", "sunday"], "startTime": "22:00", "endTime": "04:00", "timeZone": "Europe/Stockholm"}
    assert {name: spec["window"] for name, spec in plans(with_upgrades()).items()} == dict.fromkeys(
        ("servers", "agents", "gpu-nodes"), window
    )
    without = plans(with_upgrades(window=None))
    assert len(without) == 3
    assert all("window" not in spec for spec in without.values())


def test_plans_fit_the_definition_of_their_kind() -> None:
    for built in (with_upgrades(), with_upgrades(window=None)):
        objects = built.objects("Plan")
        assert len(objects) == 3
        assert [problem for item in objects for problem in schema_problems(item)] == []


def test_plans_are_created_after_the_controller_that_defines_their_kind(built: Built) -> None:
    for plan in ("servers", "agents", "gpu-nodes"):
        assert "cluster-upgrades-controller" in waits_for(built, f"cluster-upgrades-plan-{plan}")
    controller = next(item for item in built.objects("Deployment") if item["metadata"]["namespace"] == "upgrades")
    assert controller["spec"]["minReadySeconds"] >= 10


def test_the_controller_runs_on_a_server_and_is_not_drained(built: Built) -> None:
    (controller,) = [item for item in built.objects("Deployment") if item["metadata"]["namespace"] == "upgrades"]
    spec, labels = controller["spec"]["template"]["spec"], controller["spec"]["template"]["metadata"]["labels"]
    terms = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert [expression["key"] for term in terms for expression in term["matchExpressions"]] == list(BARE_SERVER)
    assert labels["upgrade.cattle.io/controller"] == "system-upgrade-controller"
    assert not spec.get("volumes", [{}])[0].get("hostPath")


def test_nobody_is_made_administrator_of_the_cluster(built: Built) -> None:
    bindings = [item["roleRef"]["name"] for item in built.objects("ClusterRoleBinding")]
    assert {"system-upgrade-controller", "node-upgrade"} <= set(bindings)
    assert "cluster-admin" not in bindings
    for kind in ("ClusterRole", "Role"):
        for role in built.objects(kind):
            for rule in role["rules"]:
                assert not {"*"} & {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}


def test_the_controller_reads_secrets_of_its_own_namespace_alone(built: Built) -> None:
    wide = rules(built, "ClusterRole", "system-upgrade-controller")
    assert not [rule for rule in wide if "secrets" in rule["resources"]]
    assert not [rule for rule in wide if "jobs" in rule["resources"] and "create" in rule["verbs"]]
    changing = [rule for rule in wide if {"patch", "update"} & set(rule["verbs"]) and "apiGroups" in rule]
    definitions = [rule for rule in changing if "customresourcedefinitions" in rule["resources"]]
    assert [rule["resourceNames"] for rule in definitions] == [["plans.upgrade.cattle.io"]]


def test_jobs_may_do_what_a_drain_does_and_see_the_servers_plan(built: Built) -> None:
    granted = {
        (verb, kind)
        for rule in [*rules(built, "ClusterRole", "node-upgrade"), *rules(built, "Role", "node-upgrade")]
        for verb in rule["verbs"]
        for kind in rule["resources"]
    }
    assert {("create", "pods/eviction"), ("patch", "nodes"), ("list", "nodes"), ("get", "plans")} <= granted
    assert not [pair for pair in granted if pair[1] == "secrets"]
    (account,) = [item for item in built.objects("ServiceAccount") if item["metadata"]["name"] == "node-upgrade"]
    assert account["automountServiceAccountToken"] is True


def test_the_controller_reaches_the_api_server_and_nothing_else(built: Built) -> None:
    (controller,) = [item for item in built.objects("Deployment") if item["metadata"]["namespace"] == "upgrades"]
    from_pod = _pod(controller)
    assert network(built).allowed(from_pod, "10.20.0.11", 6443)
    assert not network(built).allowed(from_pod, "203.0.113.9", 443)


def _pod(workload: dict[str, Any]) -> Pod:

    metadata = workload["metadata"]
    return Pod(namespace=metadata["namespace"], labels=workload["spec"]["template"]["metadata"]["labels"])
