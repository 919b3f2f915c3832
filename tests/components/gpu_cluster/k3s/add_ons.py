"""The add-ons of a k3s cluster installed into a small platform, for tests of each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.base.reachability import Network, Pod
from components.base.wiring import External
from components.charts import ChartSource
from components.gpu_cluster.k3s.add_ons.add_ons import AddOnsPlan, AddOnsSurroundings, NodeFacts, install
from components.gpu_cluster.k3s.add_ons.load_balancer_specs import BgpPeer, BgpPlan, LoadBalancerPlan
from components.gpu_cluster.k3s.add_ons.local_path import LocalPathPlan
from components.gpu_cluster.k3s.add_ons.longhorn import LonghornPlan
from components.gpu_cluster.k3s.add_ons.storage_driver import StorageDriverPlan
from components.gpu_cluster.k3s.add_ons.upgrade_plans import UpgradePlan
from components.namespaces import Namespaces, NamespacesArgs
from components.network_isolation import NetworkIsolation, NetworkIsolationArgs
from tests.components.surroundings import Built, Surroundings, build
from tools.render.monitor import RecordedResource

NODES = NodeFacts(release="v1.36.5+k3s1", addresses=("10.20.0.11", "10.20.0.21"), pod_cidr="10.42.0.0/16", servers=1)
LONGHORN = LonghornPlan(
    path="/data/longhorn", replicas=3, guaranteed_cpu_percent=12, gpu_nodes=False, shared=False, backup=None
)
LOCAL = StorageDriverPlan(local=LocalPathPlan(path="/data/volumes"))
REPLICATED = replace(LOCAL, replicated=LONGHORN)
LAYER2 = LoadBalancerPlan(addresses=("10.20.0.100-10.20.0.110",), interfaces=("bond0",))
BGP = LoadBalancerPlan(
    addresses=("10.99.0.0/28",),
    bgp=BgpPlan(
        asn=64512,
        peers=(
            BgpPeer(name="left", address="10.20.0.1", asn=64513),
            BgpPeer(name="right", address="10.20.0.2", asn=64513, password_secret="bgp-password"),
        ),
    ),
)
PLAN = AddOnsPlan(
    load_balancer=LAYER2,
    storage=LOCAL,
    upgrades=UpgradePlan(window=None, drain_seconds=3600, gpu_nodes_at_once=1),
)


def program(plan: AddOnsPlan, charts: str) -> Callable[[Surroundings], None]:
    def run(s: Surroundings) -> None:
        Namespaces(
            "platform",
            NamespacesArgs(environment="test", pools=s.cluster.pools, namespaces=plan.namespaces),
            s.opts,
        )
        surroundings = AddOnsSurroundings(cluster=s.cluster, platform=s.platform, charts=ChartSource(location=charts))
        ready = install("cluster", plan, NODES, surroundings, s.opts)
        NetworkIsolation("isolation", NetworkIsolationArgs(platform=s.platform, namespaces=plan.namespaces), s.opts)
        after = pulumi.ResourceOptions.merge(s.opts, pulumi.ResourceOptions(depends_on=list(ready)))
        k8s.core.v1.ConfigMap("pod-of-the-platform", metadata={"name": "pod", "namespace": "data"}, opts=after)

    return run


def installed(plan: AddOnsPlan = PLAN, *, charts: str = "upstream", **changes: Any) -> Built:
    api = External(name="kubernetes-api", cidrs=("10.20.0.11/32",))
    return build(program(plan, charts), **({"kubernetes_api": api} | changes))


def resource(built: Built, name: str) -> RecordedResource:
    (found,) = [item for item in built.rendered.resources if item.name == name]
    return found


def chart_values(built: Built, name: str) -> dict[str, Any]:
    (found,) = [chart for chart in built.rendered.charts if chart.inputs["chart"] == name]
    return found.inputs["values"]


def waits_for(built: Built, name: str) -> set[str]:
    """Names of what a resource depends on."""
    names = {item.urn: item.name for item in built.rendered.resources}
    return {names[urn] for urn in resource(built, name).depends_on}


def network(built: Built) -> Network:
    return Network(built.objects("NetworkPolicy"), {})


def pod(namespace: str, **labels: str) -> Pod:
    return Pod(namespace=namespace, labels={key.replace("__", "/").replace("_", "."): v for key, v in labels.items()})
