"""What the simulated cluster does with workloads: the parts that a rehearsal relies on."""

from __future__ import annotations

import ipaddress
import json

import pytest

from components.base.node_pools import GPU_TAINT, NodePool
from tests.simulated.manifests import claim, deployment, eventually, gpu_deployment, pod_template, storage_class
from tools.simulator.addresses import RANGE
from tools.simulator.cluster import SimulatedCluster

pytestmark = [pytest.mark.simulated, pytest.mark.xdist_group("simulated")]


def _ready_pods(cluster: SimulatedCluster, namespace: str) -> list[dict]:
    def is_ready(pod: dict) -> bool:
        conditions = pod["status"].get("conditions", [])
        return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)

    return [pod for pod in cluster.kubectl.get("pods", namespace=namespace) if is_ready(pod)]


def test_nodes_have_the_shape_of_their_pools(
    simulated_cluster: SimulatedCluster, simulated_pools: tuple[NodePool, ...]
) -> None:
    nodes = {node["metadata"]["name"]: node for node in simulated_cluster.kubectl.get("nodes")}
    assert set(nodes) == {"system-0", "system-1", "system-2", "h100-0", "l40s-0", "l40s-1"}
    for pool in simulated_pools:
        node = nodes[f"{pool.name}-0"]
        assert (pool.labels | pool.discovered_labels).items() <= node["metadata"]["labels"].items()
        assert node["status"]["allocatable"].get(pool.resource, "0") == str(pool.units_per_node)
        assert node["status"]["allocatable"]["cpu"] == str(pool.cpu)
        assert [taint["key"] for taint in node["spec"].get("taints", [])] == [taint.key for taint in pool.taints]
    assert nodes["h100-0"]["spec"]["taints"][0]["effect"] == GPU_TAINT.effect
    zones = {nodes[f"system-{n}"]["metadata"]["labels"]["topology.kubernetes.io/zone"] for n in range(3)}
    assert len(zones) == 3


def test_a_gpu_pod_lands_on_a_node_of_its_pool(simulated_cluster: SimulatedCluster, namespace: str) -> None:
    simulated_cluster.kubectl.apply([gpu_deployment("model", namespace, "l40s")])
    [pod] = eventually(lambda: _ready_pods(simulated_cluster, namespace))
    assert pod["spec"]["nodeName"].startswith("l40s-")


def test_a_pod_without_toleration_stays_off_gpu_nodes(simulated_cluster: SimulatedCluster, namespace: str) -> None:
    simulated_cluster.kubectl.apply([deployment("plain", namespace, replicas=6)])
    pods = eventually(lambda: (len(found := _ready_pods(simulated_cluster, namespace)) == 6 and found) or None)
    assert all(pod["spec"]["nodeName"].startswith("system-") for pod in pods)


def test_the_ninth_one_gpu_pod_stays_pending_with_the_schedulers_reason(
    simulated_cluster: SimulatedCluster, namespace: str
) -> None:
    simulated_cluster.kubectl.apply([gpu_deployment("model", namespace, "h100", replicas=9)])
    eventually(lambda: len(_ready_pods(simulated_cluster, namespace)) == 8)

    def unscheduled() -> list[dict]:
        pods = simulated_cluster.kubectl.get("pods", namespace=namespace)
        pending = [pod for pod in pods if pod["status"]["phase"] == "Pending"]
        entries = [entry for pod in pending for entry in pod["status"].get("conditions", [])]
        return [entry for entry in entries if entry.get("reason") == "Unschedulable"]

    [condition] = eventually(unscheduled)
    assert "Insufficient nvidia.com/gpu" in condition["message"]


@pytest.mark.parametrize("binding", ["Immediate", "WaitForFirstConsumer"])
def test_the_claims_of_a_stateful_set_are_bound(
    simulated_cluster: SimulatedCluster, namespace: str, binding: str
) -> None:
    fast = f"fast-{binding.lower()}"
    stateful_set = deployment("store", namespace, replicas=2)
    stateful_set["kind"] = "StatefulSet"
    template = claim("data", namespace, fast)
    stateful_set["spec"] |= {"serviceName": "store", "volumeClaimTemplates": [template]}
    simulated_cluster.kubectl.apply([storage_class(fast, binding=binding), stateful_set])
    eventually(lambda: len(_ready_pods(simulated_cluster, namespace)) == 2)
    claims = simulated_cluster.kubectl.get("persistentvolumeclaims", namespace=namespace)
    assert [entry["status"]["phase"] for entry in claims] == ["Bound", "Bound"]
    volumes = {entry["metadata"]["name"]: entry for entry in simulated_cluster.kubectl.get("persistentvolumes")}
    own = [volumes[entry["spec"]["volumeName"]] for entry in claims]
    assert {entry["spec"]["storageClassName"] for entry in own} == {fast}
    assert {entry["spec"]["capacity"]["storage"] for entry in own} == {"20Gi"}


def test_a_volume_follows_the_reclaim_policy_of_its_class(simulated_cluster: SimulatedCluster, namespace: str) -> None:
    kubectl = simulated_cluster.kubectl
    kubectl.apply([storage_class("scratch"), storage_class("retained", reclaim="Retain")])
    kubectl.apply([claim("a", namespace, "scratch"), claim("b", namespace, "retained")])

    def phases() -> dict[str, str]:
        own = [
            entry for entry in kubectl.get("persistentvolumes") if entry["spec"]["claimRef"]["namespace"] == namespace
        ]
        return {entry["spec"]["claimRef"]["name"]: entry["status"]["phase"] for entry in own}

    eventually(lambda: phases() == {"a": "Bound", "b": "Bound"})
    for name in ("a", "b"):
        kubectl.delete("persistentvolumeclaim", name, namespace=namespace)
    eventually(lambda: phases() == {"b": "Released"})


def test_a_claim_of_a_missing_storage_class_stays_pending(simulated_cluster: SimulatedCluster, namespace: str) -> None:
    kubectl = simulated_cluster.kubectl
    kubectl.apply([storage_class("present"), claim("lost", namespace, "absent"), claim("kept", namespace, "present")])

    def phases() -> dict[str, str]:
        claims = kubectl.get("persistentvolumeclaims", namespace=namespace)
        return {entry["metadata"]["name"]: entry["status"]["phase"] for entry in claims}

    eventually(lambda: phases()["kept"] == "Bound")
    assert phases()["lost"] == "Pending"


def test_a_job_completes(simulated_cluster: SimulatedCluster, namespace: str) -> None:
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "migrate", "namespace": namespace},
        "spec": {"template": pod_template("migrate", restartPolicy="Never")},
    }
    simulated_cluster.kubectl.apply([job])
    simulated_cluster.kubectl.wait("job", "migrate", "condition=Complete", namespace=namespace)


def test_services_of_type_load_balancer_get_different_addresses(
    simulated_cluster: SimulatedCluster, namespace: str
) -> None:
    services = [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 443}]},
        }
        for name in ("one", "two")
    ]
    simulated_cluster.kubectl.apply(services)

    def addresses() -> set[str]:
        found = simulated_cluster.kubectl.get("services", namespace=namespace)
        return {entry["ip"] for service in found for entry in service["status"]["loadBalancer"].get("ingress", [])}

    given = eventually(lambda: (len(found := addresses()) == 2 and found) or None)
    assert all(ipaddress.ip_address(address) in RANGE for address in given)


def test_an_autoscaler_without_metrics_holds_its_minimum(simulated_cluster: SimulatedCluster, namespace: str) -> None:
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "app", "namespace": namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"},
            "minReplicas": 2,
            "maxReplicas": 4,
        },
    }
    simulated_cluster.kubectl.apply([deployment("app", namespace, replicas=None), autoscaler])
    eventually(lambda: len(_ready_pods(simulated_cluster, namespace)) == 2)


def test_a_pod_that_missed_heartbeats_made_unready_becomes_ready_again(
    simulated_cluster: SimulatedCluster, namespace: str
) -> None:
    simulated_cluster.kubectl.apply([deployment("app", namespace)])
    [pod] = eventually(lambda: _ready_pods(simulated_cluster, namespace))
    name = pod["metadata"]["name"]
    unready = {"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "NodeNotReady"}]}}
    patch = ["--subresource=status", f"--patch={json.dumps(unready)}", f"--namespace={namespace}"]
    simulated_cluster.kubectl.run("patch", "pod", name, *patch)
    again = eventually(lambda: _ready_pods(simulated_cluster, namespace))
    # The patch was stored, so the pod was unready in between: this is a later version of it.
    assert again[0]["metadata"]["resourceVersion"] != pod["metadata"]["resourceVersion"]
    assert again[0]["metadata"]["uid"] == pod["metadata"]["uid"]
