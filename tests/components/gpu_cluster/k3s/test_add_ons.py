"""The load balancer, and the storage drivers, and what of them other pods wait for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.base.handles import ImageRegistry
from components.base.reachability import Pod
from components.gpu_cluster.k3s.add_ons import load_balancer, storage_driver, upgrades
from components.gpu_cluster.k3s.add_ons.load_balancer_specs import LoadBalancerPlan
from components.gpu_cluster.k3s.add_ons.longhorn import BackupTarget
from tests.components.gpu_cluster.clusters import ADD_ONS, IMPLEMENTATIONS, build_cluster
from tests.components.gpu_cluster.k3s.add_ons import (
    BGP,
    LAYER2,
    LOCAL,
    LONGHORN,
    PLAN,
    REPLICATED,
    chart_values,
    installed,
    network,
    pod,
    waits_for,
)
from tests.components.surroundings import Built
from tests.crd_schemas import schema_problems

CHART = "kubernetes:helm.sh/v4:Chart"
MIRROR = "registry.example.org/mirror"
CONTROLLER = Pod(
    namespace="load-balancer",
    labels={"app.kubernetes.io/name": "metallb", "app.kubernetes.io/component": "controller"},
)
PROMETHEUS = Pod(namespace="observability", labels={"app.kubernetes.io/name": "prometheus"})


@pytest.fixture(scope="module")
def built() -> Built:
    return installed()


# --- addresses


def test_only_services_of_the_gateways_namespace_and_class_get_an_address(built: Built) -> None:
    pool = built.one("IPAddressPool")
    assert pool["spec"]["addresses"] == ["10.20.0.100-10.20.0.110"]
    assert pool["spec"]["serviceAllocation"] == {"namespaces": ["gateway"]}
    handle = load_balancer.HANDLE
    assert chart_values(built, "metallb")["loadBalancerClass"] == handle.load_balancer_class
    assert handle.address_kind == "ip"


def test_in_a_local_network_the_addresses_are_answered_for_and_no_router_is_spoken_to(built: Built) -> None:
    advertisement = built.one("L2Advertisement")
    assert advertisement["spec"] == {"ipAddressPools": ["gateway"], "interfaces": ["bond0"]}
    assert not {"BGPPeer", "BGPAdvertisement"} & built.kinds
    assert chart_values(built, "metallb")["frrk8s"] == {"enabled": False}


def test_routers_learn_the_addresses_from_every_node() -> None:
    built = installed(replace(PLAN, load_balancer=BGP))
    peers = {item["metadata"]["name"]: item["spec"] for item in built.objects("BGPPeer")}
    assert peers["left"] == {"myASN": 64512, "peerASN": 64513, "peerAddress": "10.20.0.1"}
    assert peers["right"]["passwordSecret"] == {"name": "bgp-password", "namespace": "load-balancer"}
    assert built.one("BGPAdvertisement")["spec"]["peers"] == ["left", "right"]
    assert "L2Advertisement" not in built.kinds


@pytest.mark.parametrize("plan", [LAYER2, BGP], ids=["layer2", "bgp"])
def test_addresses_fit_the_definitions_of_their_kinds(plan: LoadBalancerPlan) -> None:
    built = installed(replace(PLAN, load_balancer=plan))
    objects = [item.inputs for item in built.rendered.objects if item.inputs["apiVersion"].startswith("metallb.io/")]
    assert len(objects) >= 2
    assert [problem for item in objects for problem in schema_problems(item)] == []


@pytest.mark.parametrize("plan", [LAYER2, BGP], ids=["layer2", "bgp"])
def test_addresses_come_after_the_webhook_that_judges_them(plan: LoadBalancerPlan) -> None:
    built, rehearsed = (installed(replace(PLAN, load_balancer=plan), charts=charts) for charts in ("upstream", "none"))
    custom = [item.name for item in built.rendered.objects if item.inputs["apiVersion"].startswith("metallb.io/")]
    assert custom
    assert set(custom) <= {item.name for item in rehearsed.rendered.objects}
    for name in custom:
        assert "cluster-load-balancer-metallb" in waits_for(built, name)


def test_the_load_balancer_is_open_to_the_api_server_and_prometheus_alone(built: Built) -> None:
    assert network(built).allowed("10.20.0.11", CONTROLLER, 9443)
    assert not network(built).allowed("203.0.113.9", CONTROLLER, 9443)
    assert not network(built).allowed(pod("gateway", app="stranger"), CONTROLLER, 9120)


def test_prometheus_reads_the_controller_and_the_speakers_on_the_nodes(built: Built) -> None:
    assert network(built).allowed(PROMETHEUS, CONTROLLER, 9120)
    assert ("observability/prometheus", "external/load-balancer-speakers", 9120) in built.edges


# --- volumes


def config(built: Built) -> dict[str, str]:
    return built.one("ConfigMap", "local-path-config")["data"]


def test_volumes_lie_below_the_folder_of_the_settings(built: Built) -> None:
    assert '"/data/volumes"' in config(built)["config.json"]
    assert "DEFAULT_PATH_FOR_NON_LISTED_NODES" in config(built)["config.json"]


def test_users_of_a_node_cannot_enter_the_folder_of_volumes(built: Built) -> None:
    assert 'chmod 0700 "$(dirname "$VOL_DIR")"' in config(built)["setup"]


def test_the_provisioner_may_create_pods_in_its_own_namespace_alone(built: Built) -> None:
    wide = {
        (verb, kind)
        for role in built.objects("ClusterRole")
        if role["metadata"]["name"] == "local-path-provisioner"
        for rule in role["rules"]
        for verb in rule["verbs"]
        for kind in rule["resources"]
    }
    assert ("create", "persistentvolumes") in wide
    assert not {kind for _, kind in wide} & {"pods", "secrets", "configmaps"}
    assert all("*" not in pair for pair in wide)
    own = [role for role in built.objects("Role") if role["metadata"]["name"] == "local-path-provisioner"]
    assert own[0]["metadata"]["namespace"] == "storage"


def test_a_claim_is_bound_by_the_driver_whose_class_it_names() -> None:
    local, both = LOCAL.classes, REPLICATED.classes
    assert local.fast.create is not None
    assert local.fast.create.provisioner == "rancher.io/local-path"
    assert local.fast.create.annotations == {"defaultVolumeType": "local"}
    assert local.shared is None
    assert both.fast == local.fast
    assert both.retained.create is not None
    assert both.retained.create.provisioner == "driver.longhorn.io"
    assert both.retained.create.parameters["numberOfReplicas"] == "3"
    assert both.retained.create.expandable
    assert both.shared is None


def test_shared_volumes_are_opened_to_nodes_when_somebody_wants_them() -> None:
    plan = replace(REPLICATED, replicated=replace(LONGHORN, shared=True))
    assert plan.classes.shared is not None
    share = pod("storage", longhorn_io__component="share-manager")
    with_shared, without = (network(installed(replace(PLAN, storage=storage))) for storage in (plan, REPLICATED))
    assert with_shared.allowed("10.20.0.21", share, 2049)
    assert with_shared.allowed("10.42.3.0", share, 2049)
    assert not with_shared.allowed("203.0.113.9", share, 2049)
    assert not without.allowed("10.20.0.21", share, 2049)


def test_pods_of_longhorn_reach_each_other_on_the_ports_that_volumes_get() -> None:
    inside = network(installed(replace(PLAN, storage=REPLICATED)))
    engine, replica = pod("storage", longhorn_io__component="instance-manager"), pod("storage", app="longhorn-manager")
    assert inside.allowed(engine, replica, 10_342)
    assert inside.allowed(replica, engine, 8503)
    assert not inside.allowed(pod("gateway", app="stranger"), engine, 10_342)
    assert inside.allowed("10.20.0.11", replica, 9502)
    assert inside.allowed(PROMETHEUS, replica, 9500)
    assert not inside.allowed(engine, "203.0.113.9", 443)


def test_backups_leave_the_cluster_only_where_there_are_any() -> None:
    backup = BackupTarget(url="s3://volumes@eu-north-1/dev", credential_secret="volume-backups", port=443)
    built = installed(replace(PLAN, storage=replace(LOCAL, replicated=replace(LONGHORN, backup=backup))))
    assert chart_values(built, "longhorn")["defaultBackupStore"] == {
        "backupTarget": "s3://volumes@eu-north-1/dev",
        "backupTargetCredentialSecret": "volume-backups",
    }
    manager = pod("storage", app="longhorn-manager")
    assert network(built).allowed(manager, "203.0.113.9", 443)
    assert not network(built).allowed(manager, "169.254.169.254", 443)


def test_longhorn_stays_off_gpu_nodes_unless_it_is_wanted_there() -> None:
    off = chart_values(installed(replace(PLAN, storage=REPLICATED)), "longhorn")
    assert off["global"]["tolerations"] == []
    assert "taintToleration" not in off["defaultSettings"]
    wanted = replace(LOCAL, replicated=replace(LONGHORN, gpu_nodes=True))
    on = chart_values(installed(replace(PLAN, storage=wanted)), "longhorn")
    assert on["global"]["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert on["defaultSettings"]["taintToleration"] == "nvidia.com/gpu:NoSchedule"


def test_longhorn_brings_no_default_class_and_calls_nobody() -> None:
    values = chart_values(installed(replace(PLAN, storage=REPLICATED)), "longhorn")
    assert values["persistence"]["defaultClass"] is False
    assert values["defaultSettings"]["upgradeChecker"] is False
    assert values["defaultSettings"]["allowCollectingLonghornUsageMetrics"] is False
    assert values["defaultSettings"]["guaranteedInstanceManagerCPU"] == '{"v1":"12"}'


def test_hosts_get_the_packages_that_their_driver_needs() -> None:
    assert PLAN.host_packages == ()
    assert replace(PLAN, storage=REPLICATED).host_packages == ("open-iscsi", "nfs-common")
    assert replace(PLAN, storage=None).host_packages == ()


# --- all of them


def test_pods_wait_for_drivers_and_addresses_and_not_for_upgrades() -> None:
    names = waits_for(installed(replace(PLAN, storage=REPLICATED)), "pod-of-the-platform")
    assert {
        "cluster-storage-driver-local-path-provisioner",
        "cluster-storage-driver-longhorn-longhorn",
        "cluster-load-balancer-pool",
        "cluster-load-balancer-layer2",
    } <= names
    assert not [name for name in names if "upgrades" in name]


def test_nothing_is_made_that_the_settings_switch_off() -> None:
    built = installed(replace(PLAN, storage=None, upgrades=None))
    assert {item["metadata"]["namespace"] for item in built.objects("NetworkPolicy")} <= {
        "load-balancer",
        "observability",
    }
    assert not {"Deployment", "Plan", "ClusterRole", "ServiceAccount"} & built.kinds
    assert [item["metadata"]["name"] for item in built.objects("ConfigMap")] == ["pod"]
    assert [chart.inputs["chart"] for chart in built.rendered.charts] == ["metallb"]


def test_namespaces_are_privileged_with_a_reason_and_only_where_they_are_used() -> None:
    assert PLAN.namespaces == (load_balancer.NAMESPACE, storage_driver.NAMESPACE, upgrades.NAMESPACE)
    assert replace(PLAN, storage=None, upgrades=None).namespaces == (load_balancer.NAMESPACE,)
    for namespace in PLAN.namespaces:
        assert namespace.level == "privileged"
        assert len(namespace.reason) > 20


def test_no_chart_is_deployed_in_a_rehearsal() -> None:
    built = installed(replace(PLAN, storage=REPLICATED), charts="none")
    assert not [item for item in built.rendered.resources if item.type == CHART]
    assert len(built.rendered.charts) == 2


def test_every_image_comes_from_the_mirror() -> None:
    built = installed(replace(PLAN, storage=REPLICATED), registry=ImageRegistry(mirror=MIRROR))
    metallb, longhorn = chart_values(built, "metallb"), chart_values(built, "longhorn")
    images = [metallb[part]["image"]["repository"] for part in ("controller", "speaker")]
    images += [longhorn["global"]["imageRegistry"]]
    for deployment in built.objects("Deployment"):
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        images.append(container["image"])
    images += [plan["spec"]["upgrade"]["image"] for plan in built.objects("Plan")]
    images += [line.split("image: ")[1] for line in config(built)["helperPod.yaml"].splitlines() if "image: " in line]
    assert len(images) == 9
    assert all(image.startswith(f"{MIRROR}/") for image in images)
    controller = next(item for item in built.objects("Deployment") if "upgrade" in item["metadata"]["name"])
    (container,) = controller["spec"]["template"]["spec"]["containers"]
    environment = {item["name"]: item.get("value", "") for item in container["env"]}
    assert environment["SYSTEM_UPGRADE_JOB_KUBECTL_IMAGE"].startswith(f"{MIRROR}/docker.io/rancher/kubectl:")


def test_the_cluster_hands_on_the_namespaces_and_the_class_of_its_load_balancer() -> None:
    handle = build_cluster(IMPLEMENTATIONS["k3s"]).cluster.handle
    assert handle.namespaces == ADD_ONS.namespaces
    assert handle.load_balancer == load_balancer.HANDLE
