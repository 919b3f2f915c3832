from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from components.gpu_cluster.k3s.add_ons.load_balancer_specs import BgpPeer, BgpPlan
from components.gpu_cluster.k3s.add_ons.longhorn import BackupTarget
from components.gpu_cluster.k3s.add_ons.upgrade_plans import UpgradeWindow
from stacks.arguments.k3s_add_ons import add_ons, storage_classes
from stacks.schema.cluster import ClusterSettings
from tests.settings.test_cluster_settings import k3s, problem

ADAPTER: TypeAdapter[Any] = TypeAdapter(ClusterSettings)
BGP: dict[str, Any] = {
    "asn": 64512,
    "peers": [{"name": "left", "address": "10.20.0.1", "asn": 64513, "passwordSecret": "session"}],
}
CLASSES = {"fast": {"name": "fast"}, "retained": {"name": "kept"}}


def addresses(*ranges: str, **changes: Any) -> dict[str, Any]:
    return k3s(loadBalancer={"addresses": list(ranges)} | changes)


def parsed(**changes: Any) -> Any:
    return ADAPTER.validate_python(k3s(**changes))


def test_a_cluster_on_own_hosts_names_addresses_for_the_gateway() -> None:
    content = k3s()
    del content["loadBalancer"]
    assert problem(content)[0] == "loadBalancer"


def test_without_further_settings_local_disks_serve_volumes_and_nodes_are_upgraded_at_once() -> None:
    plan = add_ons(parsed())
    assert plan.load_balancer.mode == "layer2"
    assert plan.storage is not None
    assert plan.storage.local.path == "/var/lib/ai-platform/volumes"
    assert plan.storage.replicated is None
    assert plan.upgrades is not None
    assert plan.upgrades.window is None
    classes = storage_classes(parsed())
    assert {new.provisioner for _, new in classes.created().values()} == {"rancher.io/local-path"}
    assert classes.shared is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10.20.0.110-10.20.0.100", "is upside down: write 10.20.0.100-10.20.0.110"),
        ("10.20.0.100/28", "write 10.20.0.100-10.20.0.110 or 10.20.0.96/28"),
        ("gateway", "is no range of IPv4 addresses"),
        ("10.20.0.100-gateway", "is no range of IPv4 addresses"),
        ("fd00::/120", "is no range of IPv4 addresses"),
    ],
)
def test_ranges_that_are_none_are_refused_with_the_fix(text: str, words: str) -> None:
    path, message = problem(addresses(text))
    assert path == "loadBalancer.addresses.0"
    assert words in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10.20.0.10-10.20.0.20", "holds 10.20.0.11, which is the address of host 'server-1'"),
        ("10.20.0.16/28", "holds 10.20.0.21, which is the address of host 'gpu-1'"),
        ("10.42.7.0/24", "overlaps podCidr 10.42.0.0/16"),
        ("10.41.255.0-10.42.0.1", "overlaps podCidr 10.42.0.0/16"),
        ("10.43.0.0/28", "overlaps serviceCidr 10.43.0.0/16"),
    ],
)
def test_addresses_that_something_else_uses_are_refused(text: str, words: str) -> None:
    path, message = problem(addresses("10.20.0.200/32", text))
    assert path == ""
    assert message.startswith("loadBalancer.addresses[1]: ")
    assert words in message


def test_the_address_of_the_api_is_not_given_to_the_gateway() -> None:
    message = problem(addresses("10.20.0.100-10.20.0.110") | {"apiAddress": "10.20.0.105"})[1]
    assert message.startswith("loadBalancer.addresses[0]: ")
    assert "holds 10.20.0.105, which is apiAddress: leave it out of the range" in message


def test_addresses_that_no_node_can_answer_for_are_refused() -> None:
    elsewhere = addresses("10.30.0.100-10.30.0.110") | {"hostNetworks": ["10.20.0.0/24"]}
    assert "10.30.0.100-10.30.0.110 lies in none of hostNetworks, and mode: layer2" in problem(elsewhere)[1]
    by_routers = addresses("10.30.0.100-10.30.0.110", mode="bgp", bgp=BGP) | {"hostNetworks": ["10.20.0.0/24"]}
    assert ADAPTER.validate_python(by_routers).load_balancer.mode == "bgp"
    assert parsed(hostNetworks=["10.20.0.0/24"]).load_balancer.mode == "layer2"


def test_an_address_is_listed_once() -> None:
    message = problem(addresses("10.20.0.100-10.20.0.110", "10.20.0.110/32"))[1]
    assert message == "addresses: 10.20.0.110/32 and 10.20.0.100-10.20.0.110 share addresses: list each address once"


def test_a_single_address_is_enough() -> None:
    assert add_ons(ADAPTER.validate_python(addresses("10.20.0.100/32"))).load_balancer.addresses == ("10.20.0.100/32",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "bgp"}, "bgp: required with mode: bgp"),
        ({"bgp": BGP}, "bgp: has no effect with mode: layer2"),
        ({"mode": "bgp", "bgp": BGP, "interfaces": ["bond0"]}, "interfaces: has no effect with mode: bgp"),
    ],
)
def test_settings_of_the_other_mode_are_refused(changes: dict[str, Any], words: str) -> None:
    path, message = problem(addresses("10.20.0.100/32", **changes))
    assert path == "loadBalancer"
    assert message.startswith(words)


def test_routers_arrive_at_the_load_balancer() -> None:
    plan = add_ons(ADAPTER.validate_python(addresses("10.99.0.0/28", mode="bgp", bgp=BGP))).load_balancer
    assert plan.bgp == BgpPlan(
        asn=64512, peers=(BgpPeer(name="left", address="10.20.0.1", asn=64513, password_secret="session"),)
    )


def test_two_routers_of_one_name_and_routers_without_address_are_refused() -> None:
    twice = BGP | {"peers": [BGP["peers"][0], BGP["peers"][0]]}
    assert problem(addresses("10.99.0.0/28", mode="bgp", bgp=twice))[1] == "two peers are called 'left': rename one"
    named = BGP | {"peers": [{"name": "left", "address": "router", "asn": 1}]}
    assert "write the router's address" in problem(addresses("10.99.0.0/28", mode="bgp", bgp=named))[1]


def test_longhorn_replicates_what_must_last_and_leaves_what_is_fast_on_local_disks() -> None:
    cluster = parsed(
        storageDriver={
            "kind": "longhorn",
            "path": "/data/volumes",
            "longhorn": {
                "path": "/data/longhorn",
                "replicas": 2,
                "guaranteedCpuPercent": 20,
                "sharedVolumes": True,
                "backup": {"target": "s3://volumes@eu-north-1/dev", "credentialSecret": "backups", "port": 8333},
            },
        }
    )
    storage = add_ons(cluster).storage
    assert storage is not None
    assert storage.local.path == "/data/volumes"
    assert storage.replicated is not None
    assert (storage.replicated.path, storage.replicated.guaranteed_cpu_percent) == ("/data/longhorn", 20)
    assert storage.replicated.backup == BackupTarget(
        url="s3://volumes@eu-north-1/dev", credential_secret="backups", port=8333
    )
    created = storage_classes(cluster).created()
    assert {meaning: new.provisioner for meaning, (_, new) in created.items()} == {
        "fast": "rancher.io/local-path",
        "retained": "driver.longhorn.io",
        "shared": "driver.longhorn.io",
    }
    assert created["retained"][1].parameters["numberOfReplicas"] == "2"


def test_copies_need_as_many_nodes() -> None:
    system = {"name": "system", "role": "system", "cpu": 16, "memoryGib": 64, "nodes": {"min": 1, "max": 1}}
    content = k3s(storageDriver={"kind": "longhorn"})
    content["pools"] = [system, *content["pools"][1:]]
    content["servers"] = content["servers"][:1]
    message = problem(content)[1]
    assert message.startswith("storageDriver.longhorn.replicas: 3 copies need as many nodes and only 1 hold volumes")
    content["storageDriver"] = {"kind": "longhorn", "longhorn": {"gpuNodes": True}}
    ADAPTER.validate_python(content)


def test_settings_of_another_driver_are_refused() -> None:
    path, message = problem(k3s(storageDriver={"kind": "local-path", "longhorn": {}}))
    assert path == "storageDriver"
    assert message.startswith("longhorn: has no effect with kind: local-path")


@pytest.mark.parametrize("folder", ["volumes", "/", "/data", "/data/../etc", "/etc/volumes", "/data/a b"])
def test_volumes_do_not_lie_in_the_operating_systems_folders(folder: str) -> None:
    path, message = problem(k3s(storageDriver={"path": folder}))
    assert path == "storageDriver.path"
    assert "like /data/volumes" in message


def test_somebody_elses_driver_needs_classes_with_names() -> None:
    message = problem(k3s(storageDriver={"kind": "none"}))[1]
    assert message == "storage: required with storageDriver.kind: none: name the classes of your own driver"
    cluster = parsed(storageDriver={"kind": "none"}, storage=CLASSES)
    assert add_ons(cluster).storage is None
    assert storage_classes(cluster).classes.retained == "kept"


def test_classes_with_names_win_over_those_of_the_driver() -> None:
    cluster = parsed(storage=CLASSES)
    assert add_ons(cluster).storage is not None
    assert storage_classes(cluster).created() == {}


def test_the_window_of_upgrades_arrives() -> None:
    window = {"days": ["saturday"], "startTime": "22:00", "endTime": "23:30", "timeZone": "Europe/Stockholm"}
    plan = add_ons(parsed(upgrades={"window": window, "drainSeconds": 600, "gpuNodesAtOnce": 2})).upgrades
    assert plan is not None
    assert plan.window == UpgradeWindow(days=("saturday",), start="22:00", end="23:30", time_zone="Europe/Stockholm")
    assert (plan.drain_seconds, plan.gpu_nodes_at_once) == (600, 2)
    assert add_ons(parsed(upgrades=None)).upgrades is None


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"days": []}, "upgrades.window.days"),
        ({"days": ["Saturday"]}, "upgrades.window.days.0"),
        ({"startTime": "24:00"}, "upgrades.window.startTime"),
        ({"endTime": "22:00"}, "upgrades.window"),
        ({"timeZone": "CEST+2"}, "upgrades.window.timeZone"),
    ],
)
def test_windows_that_would_never_open_are_refused(change: dict[str, Any], path: str) -> None:
    window = {"days": ["saturday"], "startTime": "22:00", "endTime": "23:30"} | change
    assert problem(k3s(upgrades={"window": window}))[0] == path
