"""What the servers and agents of a k3s cluster are configured with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from components.gpu_cluster.k3s.control_plane.admission import ADMISSION_FILE
from components.gpu_cluster.k3s.control_plane.audit import AUDIT_FILE
from components.gpu_cluster.k3s.control_plane.cluster_defaults import DEFAULTS_FILE
from components.gpu_cluster.k3s.control_plane.node_files import CONFIG_FILE, agent_files, server_files
from components.gpu_cluster.k3s.control_plane.registries import REGISTRIES_FILE
from components.gpu_cluster.k3s.control_plane.virtual_ip import VIRTUAL_IP_FILE
from components.gpu_cluster.k3s.hosts.host_files import HostFile
from components.gpu_cluster.k3s.hosts.hosts import K3sHost, RegistryMirror
from components.gpu_cluster.k3s.plan import ClusterNetwork, K3sClusterPlan, SnapshotPlan, SnapshotStore, VirtualIp
from tests.components.gpu_cluster.clusters import MIG_POOL, host
from tests.components.surroundings import GPU_POOL, SYSTEM_POOL

SERVERS = tuple(host(f"server-{index}", 10 + index, SYSTEM_POOL) for index in (1, 2, 3))
AGENT = host("gpu-1", 21, GPU_POOL)
TOKENS = {"token": "the-server-token", "agent-token": "the-agent-token"}
STORE = SnapshotStore(endpoint="s3.example.org", region="eu", bucket="snapshots", folder="dev")
VIRTUAL_IP = VirtualIp(address="10.20.0.10", interface=None, image="registry.example.org/kube-vip:v1")

OWN = {"cluster-init", "server", "node-name", "node-ip", "node-label", "node-taint", "kubelet-arg"}
"""What may differ between servers: their name, address and way in, and what belongs to their pool."""


def plan(**changes: Any) -> K3sClusterPlan:
    fields: dict[str, Any] = {
        "kubernetes_version": "1.36",
        "servers": SERVERS,
        "api_address": "10.20.0.10",
        "registry_mirrors": (RegistryMirror(registry="docker.io", endpoints=("https://mirror.example.org:5000",)),),
        "virtual_ip": VIRTUAL_IP,
    }
    return K3sClusterPlan(**(fields | changes))


def files(given: K3sHost, **changes: Any) -> dict[str, HostFile]:
    make = server_files if given.name.startswith("server") else agent_files
    return {file.path: file for file in make(given, plan(**changes), TOKENS)}


def config(given: K3sHost, **changes: Any) -> dict[str, Any]:
    return yaml.safe_load(files(given, **changes)[CONFIG_FILE].content)


def arguments(values: list[str]) -> dict[str, str]:
    pairs = [value.split("=", 1) for value in values]
    assert len({key for key, _ in pairs}) == len(pairs)
    return dict(pairs)


def test_servers_differ_in_name_address_way_in_and_pool_alone() -> None:
    first, *others = [{key: value for key, value in config(server).items() if key not in OWN} for server in SERVERS]
    assert len(first) > 15
    assert [first, first] == others
    second, third = (
        {path: file for path, file in files(server).items() if path != CONFIG_FILE} for server in SERVERS[1:]
    )
    assert second == third


def test_servers_of_other_pools_still_agree_with_each_other() -> None:
    servers = (SERVERS[0], host("server-2", 12, GPU_POOL), host("server-3", 13, None))
    first, *others = [
        {key: value for key, value in config(server, servers=servers).items() if key not in OWN} for server in servers
    ]
    assert [first, first] == others
    assert config(servers[2], servers=servers)["node-taint"] == ["node-role.kubernetes.io/control-plane:NoSchedule"]


def test_parts_that_the_platform_replaces_are_off() -> None:
    assert config(SERVERS[0])["disable"] == ["local-storage", "servicelb", "traefik"]


def test_a_server_is_hardened_as_the_guide_of_k3s_asks() -> None:
    server = config(SERVERS[0])
    assert server["protect-kernel-defaults"] is True
    assert server["secrets-encryption"] is True
    assert server["write-kubeconfig-mode"] == "0600"
    assert server["etcd-expose-metrics"] is False
    api = arguments(server["kube-apiserver-arg"])
    assert api["enable-admission-plugins"] == "NodeRestriction,EventRateLimit"
    assert api["service-account-extend-token-expiration"] == "false"
    assert api["admission-control-config-file"] == ADMISSION_FILE
    assert api["audit-policy-file"] == AUDIT_FILE
    assert (int(api["audit-log-maxage"]), int(api["audit-log-maxbackup"])) == (30, 10)
    assert arguments(server["kube-controller-manager-arg"])["terminated-pod-gc-threshold"] == "100"
    assert {ADMISSION_FILE, AUDIT_FILE} <= set(files(SERVERS[0]))


@pytest.mark.parametrize("node", [SERVERS[0], AGENT], ids=["server", "agent"])
def test_kubelets_speak_modern_ciphers_and_limit_the_processes_of_a_pod(node: K3sHost) -> None:
    kubelet = arguments(config(node)["kubelet-arg"])
    assert kubelet["streaming-connection-idle-timeout"] == "5m"
    assert kubelet["tls-min-version"] == "VersionTLS12"
    ciphers = kubelet["tls-cipher-suites"].split(",")
    assert all(cipher.startswith("TLS_ECDHE_") and ("GCM" in cipher or "CHACHA20" in cipher) for cipher in ciphers)
    assert int(kubelet["pod-max-pids"]) >= 4096
    assert int(kubelet["image-gc-low-threshold"]) < int(kubelet["image-gc-high-threshold"]) < 95


def test_gpu_nodes_keep_large_images_longer_and_place_pods_near_their_gpu() -> None:
    gpu, system = (arguments(config(node)["kubelet-arg"]) for node in (AGENT, SERVERS[0]))
    assert int(gpu["image-gc-high-threshold"]) > int(system["image-gc-high-threshold"])
    assert int(gpu["pod-max-pids"]) > int(system["pod-max-pids"])
    assert gpu["topology-manager-policy"] == "best-effort"
    assert "topology-manager-policy" not in system


def test_servers_join_the_first_ones_own_address_and_agents_the_one_that_outlives_it() -> None:
    assert config(SERVERS[0])["cluster-init"] is True
    assert "server" not in config(SERVERS[0])
    assert config(SERVERS[1])["server"] == "https://10.20.0.11:6443"
    assert config(AGENT)["server"] == "https://10.20.0.10:6443"
    assert config(AGENT, api_address="10.20.0.11", virtual_ip=None)["server"] == "https://10.20.0.11:6443"


def test_the_api_servers_certificate_names_every_address_that_clients_use() -> None:
    assert config(SERVERS[1])["tls-san"] == ["10.20.0.10", "10.20.0.11", "10.20.0.12", "10.20.0.13"]


def test_nodes_register_with_the_labels_and_taints_of_their_pool() -> None:
    assert config(AGENT)["node-label"] == ["ai-platform/pool=l40s", "ai-platform/role=gpu"]
    assert config(AGENT)["node-taint"] == ["nvidia.com/gpu=true:NoSchedule"]
    assert "nvidia.com/mig.config=all-1g.18gb" in config(host("gpu-2", 22, MIG_POOL))["node-label"]
    assert "node-taint" not in config(SERVERS[0])


def test_an_agent_is_given_its_own_token_alone() -> None:
    server, agent = config(SERVERS[1]), config(AGENT)
    assert (server["token"], server["agent-token"]) == ("the-server-token", "the-agent-token")
    assert agent["token"] == "the-agent-token"
    assert all("the-server-token" not in file.content for file in files(AGENT).values())
    assert all(file.mode == "600" for file in (*files(SERVERS[0]).values(), *files(AGENT).values()))


def test_only_configuration_that_k3s_reads_at_its_start_restarts_it() -> None:
    assert {path for path, file in files(SERVERS[0]).items() if not file.restart} == {VIRTUAL_IP_FILE, DEFAULTS_FILE}


def test_ranges_of_ones_own_reach_the_servers_and_what_is_derived_from_them() -> None:
    network = ClusterNetwork(pod_cidr="172.20.0.0/16", service_cidr="172.21.0.0/16")
    server = config(SERVERS[0], network=network)
    assert (server["cluster-cidr"], server["service-cidr"]) == ("172.20.0.0/16", "172.21.0.0/16")
    assert server["cluster-dns"] == network.dns_address == "172.21.0.10"
    assert network.api_service_address == "172.21.0.1"
    assert "cluster-cidr" not in config(AGENT, network=network)


def test_snapshots_stay_on_disk_without_a_bucket() -> None:
    server = config(SERVERS[0], snapshots=SnapshotPlan(schedule="0 1 * * *", retention=7))
    assert {key: value for key, value in server.items() if key.startswith("etcd-s")} == {
        "etcd-snapshot-schedule-cron": "0 1 * * *",
        "etcd-snapshot-retention": 7,
    }


def test_a_bucket_is_named_by_its_secret_alone_which_k3s_would_ignore_otherwise() -> None:
    server = config(SERVERS[2], snapshots=SnapshotPlan(store=STORE))
    assert {key: value for key, value in server.items() if key.startswith("etcd-s3")} == {
        "etcd-s3": True,
        "etcd-s3-config-secret": "k3s-etcd-snapshot-s3-config",
    }


def registries(**changes: Any) -> dict[str, Any]:
    found = [files(node, **changes)[REGISTRIES_FILE].content for node in (*SERVERS, AGENT)]
    assert len(set(found)) == 1
    return yaml.safe_load(found[0])


def test_mirrors_are_the_same_on_every_node() -> None:
    assert registries() == {"mirrors": {"docker.io": {"endpoint": ["https://mirror.example.org:5000"]}}}


def test_nodes_pass_on_the_images_of_every_registry_when_they_pass_on_any() -> None:
    assert config(SERVERS[0])["embedded-registry"] is False
    assert config(SERVERS[0], embedded_registry=True)["embedded-registry"] is True
    assert registries(embedded_registry=True)["mirrors"]["*"] == {}
    assert registries(embedded_registry=True)["mirrors"]["docker.io"]["endpoint"]


def test_a_mirrors_own_authority_lies_on_the_node_and_is_named_by_the_mirrors_host() -> None:
    mirror = RegistryMirror(
        registry="docker.io", endpoints=("https://mirror.example.org:5000/hub",), ca_certificate="PEM"
    )
    found = registries(registry_mirrors=(mirror,))
    path = found["configs"]["mirror.example.org:5000"]["tls"]["ca_file"]
    assert files(AGENT, registry_mirrors=(mirror,))[path].content == "PEM"


def test_namespaces_of_kubernetes_itself_hand_out_no_tokens_and_let_nobody_in() -> None:
    found = list(yaml.safe_load_all(files(SERVERS[0])[DEFAULTS_FILE].content))
    accounts = [document for document in found if document["kind"] == "ServiceAccount"]
    closed = [document for document in found if document["metadata"]["name"] == "default-deny"]
    namespaces = {"default", "kube-public", "kube-node-lease"}
    for documents in (accounts, closed):
        assert {document["metadata"]["namespace"] for document in documents} == namespaces
    assert {account["automountServiceAccountToken"] for account in accounts} == {False}
    assert all(policy["spec"]["ingress"] == [] and "egress" not in policy["spec"] for policy in closed)
    assert all(set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"} for policy in closed)
    assert all(DEFAULTS_FILE not in files(node) for node in (*SERVERS[1:], AGENT))


def manifests(**changes: Any) -> dict[str, dict[str, Any]]:
    content = files(SERVERS[0], **changes)[VIRTUAL_IP_FILE].content
    return {document["kind"]: document for document in yaml.safe_load_all(content)}


def environment(**changes: Any) -> dict[str, str]:
    (container,) = manifests(**changes)["DaemonSet"]["spec"]["template"]["spec"]["containers"]
    return {entry["name"]: entry.get("value", "") for entry in container["env"]}


def test_the_virtual_address_is_deployed_by_the_first_server_alone() -> None:
    assert [VIRTUAL_IP_FILE in files(server) for server in SERVERS] == [True, False, False]
    assert VIRTUAL_IP_FILE not in files(SERVERS[0], virtual_ip=None)


def test_kube_vip_holds_the_api_address_and_no_address_of_a_service() -> None:
    assert (
        environment().items()
        >= {
            "address": "10.20.0.10",
            "port": "6443",
            "cp_enable": "true",
            "svc_enable": "false",
            "lb_enable": "false",
            "vip_arp": "true",
            "vip_leaderelection": "true",
        }.items()
    )
    assert "vip_interface" not in environment()
    assert environment(virtual_ip=replace(VIRTUAL_IP, interface="eth1"))["vip_interface"] == "eth1"


def test_a_server_whose_own_api_fails_loses_the_address() -> None:
    assert environment()["KUBERNETES_SERVICE_HOST"] == "127.0.0.1"
    assert environment()["KUBERNETES_SERVICE_PORT"] == "6443"
    assert environment()["prometheus_server"].startswith("127.0.0.1:")


def test_kube_vip_runs_on_servers_and_may_elect_a_leader_and_nothing_more() -> None:
    found = manifests()
    assert set(found) == {"ServiceAccount", "Role", "RoleBinding", "DaemonSet"}
    assert {document["metadata"]["namespace"] for document in found.values()} == {"kube-system"}
    assert {resource for rule in found["Role"]["rules"] for resource in rule["resources"]} == {"leases"}
    pod = found["DaemonSet"]["spec"]["template"]["spec"]
    (term,) = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]
    (container,) = pod["containers"]
    assert container["image"] == VIRTUAL_IP.image
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["NET_ADMIN", "NET_RAW"]}
    assert "privileged" not in container["securityContext"]
