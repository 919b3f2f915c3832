"""A removal leaves nothing behind: the order in which the engine deletes, and the script that deletes the rest."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from components.charts import ChartSource
from components.gpu_cluster.eks.cluster import EksGpuCluster
from components.gpu_cluster.eks.removal import SCRIPT
from tests.components.gpu_cluster.clusters import MIG_POOL, BuiltCluster, build_cluster, eks_args, node_group
from tests.components.gpu_cluster.eks.cloud_stubs import Cloud
from tests.components.surroundings import GPU_POOL, SYSTEM_POOL

POOLS = (SYSTEM_POOL, replace(GPU_POOL, min_nodes=2, max_nodes=5), MIG_POOL)
OWNED = "Name=tag:kubernetes.io/cluster/ai-platform-test,Values=owned"
OTHERS = "Name=tag:kubernetes.io/cluster/other,Values=owned"
BY_KARPENTER = "Name=tag-key,Values=karpenter.sh/nodepool"
OF_CONTROLLER = "Key=elbv2.k8s.aws/cluster,Values=ai-platform-test"
OF_NODE_CLASS = "Name=tag-key,Values=karpenter.k8s.aws/ec2nodeclass"
OF_NETWORK_PLUGIN = "Name=tag:cluster.k8s.amazonaws.com/name,Values=ai-platform-test"
NETWORK_BALANCER = "arn:aws:elasticloadbalancing:eu-north-1:111122223333:loadbalancer/net/edge/50dc6c495c0c9188"
CLASSIC_BALANCER = "arn:aws:elasticloadbalancing:eu-north-1:111122223333:loadbalancer/a1b2"
FOREIGN_BALANCER = "arn:aws:elasticloadbalancing:eu-north-1:111122223333:loadbalancer/net/other/60dc6c495c0c9188"


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    groups = {**eks_args().node_groups, "l40s": node_group("g6e.12xlarge", scaled=True)}
    args = eks_args(pools=POOLS, ami_release="1.36.2-20261107", node_groups=groups)
    return build_cluster(
        lambda opts: EksGpuCluster("cluster", args, opts),
        lambda cluster, platform, opts: cluster.install_add_ons(platform, ChartSource(), opts),
    )


@pytest.fixture(scope="module")
def outlived(built: BuiltCluster) -> dict[str, set[str]]:
    """By name: what the engine deletes only after the resource is gone (dependencies, provider and parent of it, of its
    ancestors, and of their children in turn)."""
    by_urn = {resource.urn: resource for resource in built.rendered.resources}
    children: dict[str, list[str]] = {}
    for resource in by_urn.values():
        children.setdefault(resource.parent, []).append(resource.urn)

    def direct(urn: str) -> Iterator[str]:
        resource = by_urn[urn]
        named = [*resource.depends_on, resource.provider, resource.parent]
        for target in named:
            if target in by_urn:
                yield target
        for target in resource.depends_on:
            # Whoever depends on a component depends on what is in it.
            yield from _inside(target, children)

    found: dict[str, set[str]] = {}
    for urn, resource in by_urn.items():
        seen: set[str] = set()
        waiting = [urn]
        while waiting:
            for target in direct(waiting.pop()):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        found[resource.name] = {by_urn[target].name for target in seen}
    return found


def _inside(urn: str, children: dict[str, list[str]]) -> Iterator[str]:
    for child in children.get(urn, []):
        yield child
        yield from _inside(child, children)


def test_nodes_go_before_whoever_removes_them(outlived: dict[str, set[str]]) -> None:
    order = [
        "cluster-karpenter-l40s-nodes",
        "cluster-karpenter-l40s-class",
        "cluster-karpenter-controller",
        "cluster-karpenter-definitions",
        "cluster-leftover-nodes",
        "cluster-infrastructure-nodes-system",
        "cluster-infrastructure-leftover-interfaces",
        "cluster-infrastructure-network-zone1-private",
    ]
    for first, second in itertools.pairwise(order):
        assert second in outlived[first], f"{second} may be deleted before {first}"
        assert first not in outlived[second]


@pytest.mark.parametrize(
    "needed",
    [
        "cluster-karpenter-controller-node-lifecycle",
        "cluster-karpenter-controller-instance-profiles",
        "cluster-karpenter-controller-identity",
        "cluster-karpenter-interruptions-queue",
        "cluster-karpenter-nodes-entry",
        "cluster-infrastructure-addons-coredns",
        "cluster-infrastructure-node-addons-vpc-cni",
        "cluster-infrastructure-nodes-l40s",
        "cluster-infrastructure-control-plane-admin1-policy",
    ],
)
def test_what_the_removal_of_nodes_needs_outlives_them(outlived: dict[str, set[str]], needed: str) -> None:
    assert needed in outlived["cluster-karpenter-l40s-nodes"]


def test_load_balancers_go_while_everything_else_still_runs(outlived: dict[str, set[str]]) -> None:
    assert {
        "cluster-karpenter-l40s-nodes",
        "cluster-karpenter-controller",
        "cluster-leftover-nodes",
        "cluster-infrastructure-nodes-system",
    } <= outlived["cluster-leftover-load-balancers"]


def test_everything_inside_the_cluster_goes_before_its_nodes_are_searched(
    built: BuiltCluster, outlived: dict[str, set[str]]
) -> None:
    inside = [resource.name for resource in built.rendered.resources if resource.type.startswith("kubernetes:")]
    assert len(inside) > 5
    assert not [name for name in inside if "cluster-leftover-nodes" not in outlived[name]]


def test_interfaces_are_searched_when_nodes_and_control_plane_are_gone(outlived: dict[str, set[str]]) -> None:
    for name in ("cluster-infrastructure-nodes-l40s", "cluster-infrastructure-control-plane-cluster"):
        assert "cluster-infrastructure-leftover-interfaces" in outlived[name]
    vpc = {"cluster-infrastructure-network-vpc", "cluster-infrastructure-network-zone3-private"}
    assert vpc <= outlived["cluster-infrastructure-leftover-interfaces"]


def test_the_engine_waits_for_the_nodes_of_a_pool(built: BuiltCluster) -> None:
    for kind in (":NodePool", ":EC2NodeClass"):
        assert built.of_type(kind)
        for resource in built.of_type(kind).values():
            annotations = resource.inputs["metadata"]["annotations"]
            assert annotations["pulumi.com/deletionPropagationPolicy"] == "foreground"


def test_each_command_removes_in_one_place_and_holds_no_secret(built: BuiltCluster) -> None:
    commands = built.of_type("command:local:Command")
    assert {command.inputs["environment"]["PHASE"] for command in commands.values()} == {
        "load-balancers",
        "nodes",
        "interfaces",
    }
    for command in commands.values():
        assert command.inputs["delete"] == SCRIPT.read_text()
        assert "triggers" not in command.inputs
        assert "delete" not in command.inputs["create"]
        assert set(command.inputs["environment"]) == {
            "PHASE",
            "CLUSTER",
            "ACCOUNT_ID",
            "AWS_REGION",
            "TIMEOUT_SECONDS",
        }


def test_a_machine_without_the_tools_of_a_removal_does_not_create_the_stack(
    built: BuiltCluster, tmp_path: Path
) -> None:
    create = built.of_type("command:local:Command")["cluster-leftover-nodes"].inputs["create"]
    cloud = Cloud.at(tmp_path)
    environment = {"PATH": str(cloud.folder / "bin")}
    bash = shutil.which("bash")
    assert bash
    assert subprocess.run([bash, "-c", create], env=environment, check=False).returncode == 0
    (cloud.folder / "bin" / "kubectl").unlink()
    done = subprocess.run([bash, "-c", create], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "destroying this stack needs kubectl: install it first" in done.stderr


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    """An account with a cluster that may be deleted, but for the last phase, before which it is."""
    made = Cloud.at(tmp_path)
    made.put("cluster", ["False"])
    return made


def fill(cloud: Cloud) -> None:
    """Leftovers of every kind, each beside one of another cluster."""
    cloud.put("services", ["gateway/edge"])
    cloud.put("ingresses", ["gateway/edge"])
    cloud.put("instances", ["i-1", OWNED, BY_KARPENTER], ["i-2", OWNED, BY_KARPENTER], ["i-fixed", OWNED])
    cloud.put("tagged-loadbalancer", [NETWORK_BALANCER, OF_CONTROLLER], [FOREIGN_BALANCER, OTHERS])
    cloud.put("loadbalancer", [NETWORK_BALANCER], [FOREIGN_BALANCER])
    cloud.put("tagged-targetgroup", ["arn:group", OF_CONTROLLER], ["arn:other", OTHERS])
    cloud.put("targetgroup", ["arn:group"], ["arn:other"])
    cloud.put(
        "launch-templates",
        ["lt-1", "Name=tag:eks:eks-cluster-name,Values=ai-platform-test", OF_NODE_CLASS],
        ["lt-other", "Name=tag:eks:eks-cluster-name,Values=other", OF_NODE_CLASS],
    )
    cloud.put(
        "profiles",
        ["mine", "/karpenter/eu-north-1/ai-platform-test/uid/"],
        ["other", "/karpenter/eu-north-1/ai-platform-test2/uid/"],
    )
    cloud.put("network-interfaces", ["eni-1", OF_NETWORK_PLUGIN, "available"], ["eni-other", OTHERS, "available"])
    cloud.put(
        "security-groups",
        ["sg-1", "Name=tag:elbv2.k8s.aws/cluster,Values=ai-platform-test"],
        ["sg-other", "Name=tag:elbv2.k8s.aws/cluster,Values=other"],
    )


def without_cluster(cloud: Cloud) -> Cloud:
    cloud.put("cluster")
    return cloud


@pytest.mark.parametrize("phase", ["load-balancers", "nodes", "interfaces"])
def test_without_leftovers_nothing_is_deleted_and_nobody_waits(cloud: Cloud, phase: str) -> None:
    if phase == "interfaces":
        without_cluster(cloud)
    done = cloud.remove_leftovers(phase, POLL_SECONDS="60")
    assert done.returncode == 0, done.stderr
    assert "nothing is left" in done.stdout
    assert cloud.log
    assert not cloud.changes


def test_services_and_ingresses_that_hold_a_load_balancer_are_deleted_inside_the_cluster(cloud: Cloud) -> None:
    cloud.put("services", ["gateway/edge"], ["models/extra"])
    cloud.put("ingresses", ["gateway/console"])
    done = cloud.remove_leftovers("load-balancers", TIMEOUT_SECONDS="30")
    assert done.returncode == 0, done.stderr
    assert cloud.left("services") == cloud.left("ingresses") == []
    assert {line.split(" --wait")[0] for line in cloud.changes} == {
        "kubectl delete service --namespace gateway edge",
        "kubectl delete service --namespace models extra",
        "kubectl delete ingress --namespace gateway console",
    }


def test_the_controller_itself_removes_the_load_balancer_and_is_waited_for(cloud: Cloud) -> None:
    cloud.put("tagged-loadbalancer", [NETWORK_BALANCER, OF_CONTROLLER])
    cloud.put("loadbalancer", [NETWORK_BALANCER])
    done = cloud.remove_leftovers("load-balancers")
    assert done.returncode == 1
    assert NETWORK_BALANCER in done.stderr
    assert "still there after 0 seconds" in done.stderr
    assert not cloud.changes


def test_leftovers_of_nodes_are_removed_and_nothing_of_another_cluster_is_touched(cloud: Cloud) -> None:
    fill(cloud)
    done = cloud.remove_leftovers("nodes", TIMEOUT_SECONDS="30")
    assert done.returncode == 0, done.stderr
    assert cloud.left("instances") == ["i-fixed"]
    assert cloud.left("loadbalancer") == [FOREIGN_BALANCER]
    assert cloud.left("targetgroup") == ["arn:other"]
    assert cloud.left("launch-templates") == ["lt-other"]
    assert cloud.left("profiles") == ["other"]
    assert not [line for line in cloud.changes if "other" in line or "i-fixed" in line]


def test_a_classic_load_balancer_of_the_clusters_own_controller_goes_too(cloud: Cloud) -> None:
    cloud.put("tagged-loadbalancer", [CLASSIC_BALANCER, "Key=kubernetes.io/cluster/ai-platform-test,Values=owned"])
    cloud.put("loadbalancer", [CLASSIC_BALANCER])
    done = cloud.remove_leftovers("nodes", TIMEOUT_SECONDS="30")
    assert done.returncode == 0, done.stderr
    assert cloud.changes == ["aws elb delete-load-balancer --load-balancer-name a1b2"]


def test_a_load_balancer_that_only_the_tagging_service_remembers_is_gone(cloud: Cloud) -> None:
    cloud.put("tagged-loadbalancer", [NETWORK_BALANCER, OF_CONTROLLER])
    assert cloud.remove_leftovers("nodes").returncode == 0
    assert not cloud.changes


def test_interfaces_and_security_groups_are_removed_once_nothing_uses_them(cloud: Cloud) -> None:
    fill(without_cluster(cloud))
    done = cloud.remove_leftovers("interfaces", TIMEOUT_SECONDS="30")
    assert done.returncode == 0, done.stderr
    assert cloud.left("network-interfaces") == ["eni-other"]
    assert cloud.left("security-groups") == ["sg-other"]
    assert not [line for line in cloud.log if line.startswith("kubectl")]


def test_an_interface_in_use_is_waited_for_and_not_torn_away(cloud: Cloud) -> None:
    cloud.put("network-interfaces", ["eni-1", OF_NETWORK_PLUGIN, "in-use"])
    done = without_cluster(cloud).remove_leftovers("interfaces")
    assert done.returncode == 1
    assert "eni-1" in done.stderr
    assert not cloud.changes


@pytest.mark.parametrize(
    ("phase", "kind", "row"),
    [
        ("nodes", "instances", ["i-1", OWNED, BY_KARPENTER, "STUCK"]),
        ("nodes", "persistentvolumes", ["pvc-1"]),
        ("interfaces", "network-interfaces", ["eni-1", OF_NETWORK_PLUGIN, "available", "STUCK"]),
        ("load-balancers", "services", ["gateway/edge", "STUCK"]),
    ],
)
def test_what_does_not_go_is_listed_with_the_fix(cloud: Cloud, phase: str, kind: str, row: list[str]) -> None:
    cloud.put(kind, row)
    if phase == "interfaces":
        without_cluster(cloud)
    done = cloud.remove_leftovers(phase)
    assert done.returncode == 1
    assert row[0] in done.stderr
    assert "remove it by hand and destroy the stack again" in done.stderr


@pytest.mark.parametrize("phase", ["load-balancers", "nodes"])
def test_a_cluster_that_is_protected_from_deletion_is_left_alone(cloud: Cloud, phase: str) -> None:
    fill(cloud)
    cloud.put("cluster", ["True"])
    done = cloud.remove_leftovers(phase)
    assert done.returncode == 1
    assert "the cluster is protected from deletion: nothing was removed" in done.stderr
    assert not cloud.changes


@pytest.mark.parametrize(
    ("phase", "kind"),
    [("load-balancers", "gateways.gateway.networking.k8s.io"), ("nodes", "nodepools.karpenter.sh")],
)
def test_a_platform_that_still_runs_is_left_alone(cloud: Cloud, phase: str, kind: str) -> None:
    """A command that was renamed in the program is deleted as well, without anything else being removed."""
    fill(cloud)
    cloud.put("crds", [kind])
    cloud.put(kind, [f"{kind}/one"])
    done = cloud.remove_leftovers(phase)
    assert done.returncode == 1
    assert f"the platform is not being removed, there is {kind}/one" in done.stderr
    assert not cloud.changes


def test_definitions_that_stay_behind_without_objects_stop_nothing(cloud: Cloud) -> None:
    cloud.put("crds", ["nodepools.karpenter.sh"])
    assert cloud.remove_leftovers("nodes").returncode == 0


def test_interfaces_of_a_cluster_that_exists_are_left_alone(cloud: Cloud) -> None:
    fill(cloud)
    done = cloud.remove_leftovers("interfaces")
    assert done.returncode == 1
    assert "the cluster still exists: nothing was removed" in done.stderr
    assert not cloud.changes


def test_other_accounts_are_refused_before_anything_is_looked_at(cloud: Cloud) -> None:
    fill(cloud)
    (cloud.folder / "account").write_text("999999999999")
    done = cloud.remove_leftovers("nodes")
    assert done.returncode == 1
    assert "these credentials are of account 999999999999, the cluster is in 111122223333" in done.stderr
    assert cloud.log == ["aws sts get-caller-identity --query Account --output text"]


@pytest.mark.parametrize(
    "verb", ["describe-instances", "get-resources", "list-instance-profiles", "describe-launch-templates"]
)
def test_a_look_that_fails_does_not_pass_for_one_that_found_nothing(cloud: Cloud, verb: str) -> None:
    (cloud.folder / "throttled").write_text(verb)
    done = cloud.remove_leftovers("nodes")
    assert done.returncode != 0
    assert "nothing is left" not in done.stdout


def test_a_load_balancer_that_cannot_be_looked_up_is_not_taken_for_gone(cloud: Cloud) -> None:
    cloud.put("tagged-loadbalancer", [NETWORK_BALANCER, OF_CONTROLLER])
    (cloud.folder / "throttled").write_text("describe-load-balancers")
    done = cloud.remove_leftovers("nodes")
    assert done.returncode != 0
    assert "Throttling" in done.stderr


def test_an_api_server_that_does_not_answer_stops_the_removal(cloud: Cloud) -> None:
    (cloud.folder / "no-api").touch()
    done = cloud.remove_leftovers("load-balancers")
    assert done.returncode != 0
    assert "nothing is left" not in done.stdout


def test_the_kubeconfig_of_the_removal_does_not_stay_behind(cloud: Cloud) -> None:
    assert cloud.remove_leftovers("nodes").returncode == 0
    assert not list(cloud.folder.glob("tmp*"))
