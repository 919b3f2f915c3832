"""The parts of a k3s control plane that are resources: snapshots' bucket, sealed token, kubeconfig, virtual address."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pulumi
import pytest

from components.base.handles import AccessKey
from components.gpu_cluster.k3s.cluster import K3sGpuCluster
from components.gpu_cluster.k3s.plan import ClusterNetwork, SnapshotPlan, SnapshotStore
from tests.components.gpu_cluster.clusters import BuiltCluster, build_cluster, k3s_args, k3s_plan
from tools.render import wire
from tools.render.monitor import RecordedResource

STORE = SnapshotStore(endpoint="s3.example.org", region="eu", bucket="snapshots", folder="dev", ca_certificate="PEM")
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


def built(**changes: Any) -> BuiltCluster:
    return build_cluster(lambda opts: K3sGpuCluster("cluster", k3s_args(**changes), opts))


def key() -> AccessKey:
    return AccessKey(
        access_key_id=pulumi.Output.secret("an-access-key"), secret_access_key=pulumi.Output.secret("its-secret")
    )


def with_bucket(**changes: Any) -> BuiltCluster:
    def make(opts: pulumi.ResourceOptions) -> K3sGpuCluster:
        plan = k3s_plan(snapshots=SnapshotPlan(retention=9, store=STORE))
        return K3sGpuCluster("cluster", k3s_args(**({"plan": plan, "snapshot_access": key()} | changes)), opts)

    return build_cluster(make)


def stdin(command: RecordedResource) -> str:
    return wire.clear(command.inputs["stdin"])


def command(cluster: BuiltCluster, suffix: str) -> RecordedResource:
    return cluster.of_type(":Command")[f"cluster-hosts-{suffix}"]


def test_k3s_finds_bucket_and_keys_in_the_secret_that_its_configuration_names() -> None:
    cluster = with_bucket()
    (secret,) = cluster.of_type("core/v1:Secret").values()
    assert secret.inputs["type"] == "etcd.k3s.cattle.io/s3-config-secret"
    assert (secret.inputs["metadata"]["name"], secret.inputs["metadata"]["namespace"]) == (
        "k3s-etcd-snapshot-s3-config",
        "kube-system",
    )
    assert wire.clear(secret.inputs["stringData"]) == {
        "etcd-s3-endpoint": "s3.example.org",
        "etcd-s3-region": "eu",
        "etcd-s3-bucket": "snapshots",
        "etcd-s3-folder": "dev",
        "etcd-s3-retention": "9",
        "etcd-s3-timeout": "5m",
        "etcd-s3-insecure": "false",
        "etcd-s3-skip-ssl-verify": "false",
        "etcd-s3-endpoint-ca": "PEM",
        "etcd-s3-access-key": "an-access-key",
        "etcd-s3-secret-key": "its-secret",
    }
    assert "etcd-s3-config-secret: k3s-etcd-snapshot-s3-config" in stdin(command(cluster, "server-server-1"))


def test_the_buckets_keys_are_secret_and_reach_no_host() -> None:
    cluster = with_bucket()
    (secret,) = cluster.of_type("core/v1:Secret").values()
    assert "its-secret" not in json.dumps(wire.redacted(secret.inputs))
    hosts = cluster.of_type(":Command")
    assert len(hosts) > 5
    assert not [name for name, found in hosts.items() if "its-secret" in stdin(found)]


def test_without_a_bucket_there_is_no_secret() -> None:
    assert built().of_type("core/v1:Secret") == {}


@pytest.mark.parametrize(
    "changes",
    [{"snapshot_access": None}, {"plan": k3s_plan()}],
    ids=["bucket-without-key", "key-without-bucket"],
)
def test_bucket_and_key_belong_together(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give both or neither"):
        with_bucket(**changes)


def test_the_token_is_sealed_on_the_first_server_once_it_runs() -> None:
    cluster = built(token_escrow=f"\n{CERTIFICATE}\n")
    seal = command(cluster, "token-escrow")
    given = dict(word.split("=", 1) for word in shlex.split(stdin(seal).partition("#!")[0]) if "=" in word)
    assert given["ESCROW_CERTIFICATE"] == CERTIFICATE
    assert f"token: {given['K3S_TOKEN']}" in stdin(command(cluster, "server-server-1"))
    assert wire.clear(seal.inputs["connection"])["host"] == "10.20.0.11"
    assert wire.is_secret(seal.inputs["stdin"])
    assert any("server-server-1" in urn for urn in seal.depends_on)
    assert set(cluster.cluster.handle.recovery) == {"sealedServerToken"}


def test_without_a_certificate_nothing_is_sealed() -> None:
    cluster = built()
    assert "cluster-hosts-token-escrow" not in cluster.of_type(":Command")
    assert cluster.cluster.handle.recovery == {}


def test_agents_join_once_the_address_that_they_join_by_is_answered() -> None:
    found = built().of_type(":Command")
    wait = found["cluster-hosts-api-address"]
    assert "API_ADDRESS=10.20.0.10" in stdin(wait)
    assert "BROUGHT_BY=kube-vip" in stdin(wait)
    assert any("server-server-3" in urn for urn in wait.depends_on)
    assert all(wait.urn in found[f"cluster-hosts-agent-gpu-{index}"].depends_on for index in (1, 2, 3))
    assert wait.urn in found["cluster-hosts-kubeconfig"].depends_on


def test_nobody_waits_for_the_first_servers_own_address() -> None:
    plan = k3s_plan(api_address="10.20.0.11", virtual_ip=None)
    assert "cluster-hosts-api-address" not in built(plan=plan).of_type(":Command")


def test_a_load_balancer_of_ones_own_is_waited_for_as_such() -> None:
    found = built(plan=k3s_plan(virtual_ip=None)).of_type(":Command")
    assert "BROUGHT_BY=external" in stdin(found["cluster-hosts-api-address"])


def test_another_revision_reads_the_kubeconfig_again_and_touches_no_other_host() -> None:
    first, second = built().of_type(":Command"), built(kubeconfig_revision=2).of_type(":Command")
    assert set(first) == set(second)
    assert [name for name in first if stdin(first[name]) != stdin(second[name])] == ["cluster-hosts-kubeconfig"]


def test_pods_reach_the_api_server_at_the_address_that_follows_from_the_ranges() -> None:
    plan = k3s_plan(network=ClusterNetwork(pod_cidr="172.20.0.0/16", service_cidr="172.21.0.0/16"))
    assert built(plan=plan).cluster.handle.kubernetes_api.cidrs == (
        "10.20.0.10/32",
        "10.20.0.11/32",
        "10.20.0.12/32",
        "10.20.0.13/32",
        "172.21.0.1/32",
    )


def test_the_first_server_alone_deploys_the_virtual_address() -> None:
    found = built().of_type(":Command")
    servers = [stdin(found[f"cluster-hosts-server-server-{index}"]) for index in (1, 2, 3)]
    paths = [text[text.index("FILE_PATHS=") : text.index("FILE_MODES=")] for text in servers]
    assert ["manifests/kube-vip.yaml" in text for text in paths] == [True, False, False]


def test_new_tokens_leave_the_former_ones_in_the_state() -> None:
    tokens = built(token_revision=2).of_type(":RandomPassword")
    assert set(tokens) == {
        "cluster-hosts-server-token",
        "cluster-hosts-server-token-2",
        "cluster-hosts-agent-token",
        "cluster-hosts-agent-token-2",
    }
    assert all(token.protect for token in tokens.values())
