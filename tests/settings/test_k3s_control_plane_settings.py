from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from stacks.schema.cluster import K3sClusterSettings
from stacks.schema.cron import cron_problem
from tests.settings.test_cluster_settings import ADAPTER, host, k3s, problem

STORE = {"endpoint": "s3.example.org", "bucket": "etcd-snapshots", "folder": "dev"}


def settings(**changes: Any) -> K3sClusterSettings:
    read = ADAPTER.validate_python(k3s(**changes))
    assert isinstance(read, K3sClusterSettings)
    return read


def snapshots(**store: Any) -> dict[str, Any]:
    return {"s3": STORE | store}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("certificate")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=escrow -days 2"
    subprocess.run(
        [*command.split(), "-keyout", "key.pem", "-out", "cert.pem"], cwd=folder, check=True, stderr=subprocess.DEVNULL
    )
    return (folder / "cert.pem").read_text()


def test_without_a_word_etcd_is_saved_every_six_hours_and_kept_for_a_week() -> None:
    cluster = settings()
    assert (cluster.etcd_snapshots.schedule, cluster.etcd_snapshots.retention) == ("0 */6 * * *", 28)
    assert cluster.etcd_snapshots.s3 is None
    assert (cluster.pod_cidr, cluster.service_cidr) == ("10.42.0.0/16", "10.43.0.0/16")
    assert cluster.token_escrow is None


def test_kube_vip_brings_the_api_address_unless_somebody_else_does() -> None:
    assert settings(apiAddress="10.20.0.10").virtual_address("10.20.0.11", "10.20.0.10") == "10.20.0.10"
    assert settings().virtual_address("10.20.0.11", None) is None
    assert settings(apiAddress="10.20.0.11").virtual_address("10.20.0.11", "10.20.0.11") is None
    outside = settings(apiAddress="10.20.0.10", virtualIp={"provider": "external"})
    assert outside.virtual_address("10.20.0.11", "10.20.0.10") is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"serviceCidr": "10.42.128.0/17"},
            "serviceCidr: 10.42.128.0/17 overlaps podCidr 10.42.0.0/16: choose ranges that share no address",
        ),
        (
            {"hostNetworks": ["10.20.0.0/24", "10.43.0.0/24"]},
            "hostNetworks[1]: 10.43.0.0/24 overlaps serviceCidr 10.43.0.0/16: choose ranges that share no address",
        ),
        (
            {"hostNetworks": ["10.20.0.0/24", "10.20.0.0/16"]},
            "hostNetworks[1]: 10.20.0.0/16 overlaps hostNetworks[0] 10.20.0.0/24: choose ranges that share no address",
        ),
        (
            {"podCidr": "10.20.0.0/16"},
            "servers[0].address: 10.20.0.11 lies in podCidr 10.20.0.0/16, which is used inside the cluster: "
            "give it another address, or set podCidr",
        ),
        (
            {"apiAddress": "10.43.0.10"},
            "apiAddress: 10.43.0.10 lies in serviceCidr 10.43.0.0/16, which is used inside the cluster: "
            "give it another address, or set serviceCidr",
        ),
        (
            {"hostNetworks": ["10.20.0.0/28"]},
            "agents[0].address: 10.20.0.21 lies in none of hostNetworks: add its network there",
        ),
        (
            {"hostNetworks": ["10.20.0.0/24"], "apiAddress": "10.30.0.10"},
            "apiAddress: 10.30.0.10 lies in none of hostNetworks, and kube-vip brings only an address of the servers' "
            "own network: choose one there, or set virtualIp.provider: external",
        ),
        (
            {"apiAddress": "10.20.0.12"},
            "apiAddress: 10.20.0.12 is servers[1].address: choose an address that no host has, or leave it out",
        ),
        (
            {"apiAddress": "10.20.0.22"},
            "apiAddress: 10.20.0.22 is agents[1].address: choose an address that no host has, or leave it out",
        ),
        (
            {"virtualIp": {"interface": "eth1"}},
            "virtualIp.interface: kube-vip has no address to bring: set apiAddress, or remove interface",
        ),
        (
            {"apiAddress": "10.20.0.10", "virtualIp": {"provider": "external", "interface": "eth1"}},
            "virtualIp.interface: kube-vip has no address to bring: set apiAddress, or remove interface",
        ),
        (
            {"podCidr": "10.42.0.0/22"},
            "podCidr: 10.42.0.0/22 has room for 4 nodes, each of which takes a /24, and there are 5 hosts: "
            "choose a larger range",
        ),
        ({"podCidr": "10.42.0.0/25"}, "podCidr: 10.42.0.0/25 has the wrong size: use a range between /8 and /24"),
        (
            {"serviceCidr": "172.0.0.0/11"},
            "serviceCidr: 172.0.0.0/11 has the wrong size: use a range between /12 and /24",
        ),
        (
            {"serviceCidr": "10.9.0.0/28"},
            "serviceCidr: 10.9.0.0/28 has the wrong size: use a range between /12 and /24",
        ),
    ],
)
def test_addresses_that_do_not_fit_together_are_refused_with_the_fix(changes: dict[str, Any], message: str) -> None:
    assert problem(k3s(**changes)) == ("", message)


def test_an_api_address_of_another_network_is_accepted_from_a_load_balancer_of_ones_own() -> None:
    settings(hostNetworks=["10.20.0.0/24"], apiAddress="10.30.0.10", virtualIp={"provider": "external"})


def test_hosts_have_addresses_that_network_policies_can_name() -> None:
    servers = [host("server-1", 11, "system") | {"address": "fd00::11"}]
    path, message = problem(k3s(servers=servers))
    assert path == "servers.0.address"
    assert message == "'fd00::11' is IPv6, the platform's network policies are IPv4: use the host's IPv4 address"


@pytest.mark.parametrize(
    ("endpoint", "where"),
    [
        ("10.20.0.12:9000", "servers[1].address"),
        ("10.20.0.21", "agents[0].address"),
        ("10.20.0.10", "this cluster's apiAddress"),
        ("10.43.7.7", "in serviceCidr"),
        ("127.0.0.1:9000", "the host itself"),
        ("localhost", "a name inside of this cluster"),
        ("seaweedfs.data.svc", "a name inside of this cluster"),
    ],
)
def test_snapshots_are_not_kept_in_the_cluster_that_they_shall_outlive(endpoint: str, where: str) -> None:
    path, message = problem(k3s(apiAddress="10.20.0.10", etcdSnapshots=snapshots(endpoint=endpoint)))
    assert path == ""
    assert message == (
        f"etcdSnapshots.s3.endpoint: {endpoint.partition(':')[0]} is {where}, and snapshots there are lost together "
        "with the cluster: use a bucket elsewhere"
    )


def test_a_bucket_out_of_the_hosts_reach_is_refused() -> None:
    firewall = {"egress": {"mode": "restricted", "allowedCidrs": ["10.20.0.0/16"]}}
    closed = {"firewall": firewall, "downloadUrl": "https://10.20.9.9/k3s"}
    path, message = problem(k3s(**closed, etcdSnapshots=snapshots(endpoint="10.99.0.5:9000")))
    assert path == ""
    assert message == "etcdSnapshots.s3.endpoint: hosts do not reach 10.99.0.5: add it to firewall.egress.allowedCidrs"
    settings(**closed, etcdSnapshots=snapshots(endpoint="10.20.9.9:9000"))
    settings(**closed, etcdSnapshots=snapshots(endpoint="s3.example.org"))


@pytest.mark.parametrize("endpoint", ["s3.eu-north-1.amazonaws.com", "10.99.0.5:9000"])
def test_a_bucket_elsewhere_is_accepted(endpoint: str) -> None:
    store = settings(etcdSnapshots=snapshots(endpoint=endpoint)).etcd_snapshots.s3
    assert store is not None
    assert (store.endpoint, store.region, store.folder) == (endpoint, "us-east-1", "dev")


@pytest.mark.parametrize(
    ("key", "value"), [("endpoint", "https://s3.example.org"), ("bucket", "Etcd"), ("folder", "/dev"), ("folder", "")]
)
def test_a_bucket_is_described_as_k3s_wants_it(key: str, value: str) -> None:
    path, _ = problem(k3s(etcdSnapshots=snapshots(**{key: value})))
    assert path == f"etcdSnapshots.s3.{key}"


@pytest.mark.parametrize("schedule", ["0 */6 * * *", "*/30 * * * *", "15 1,13 * * 1-5", "0 0 1 1 0", "5 4-22/3 * * *"])
def test_schedules_that_k3s_understands_are_accepted(schedule: str) -> None:
    assert cron_problem(schedule) is None


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("every day", "has 2 fields, a schedule has five: write it like 0 */6 * * *"),
        ("0 */6 * * * *", "has 6 fields"),
        ("60 * * * *", "'60' is no minute: use numbers from 0 to 59"),
        ("0 5-3 * * *", "'5-3' is no hour"),
        ("0 */0 * * *", "'*/0' is no hour"),
        ("0 0 0 * *", "'0' is no day of the month: use numbers from 1 to 31"),
        ("0 0 * * 7", "'7' is no day of the week: use numbers from 0 to 6"),
        ("0 0 * * mon", "'mon' is no day of the week"),
    ],
)
def test_a_schedule_that_would_stop_k3s_is_refused(schedule: str, words: str) -> None:
    path, message = problem(k3s(etcdSnapshots={"schedule": schedule}))
    assert path == "etcdSnapshots.schedule"
    assert words in message


def test_no_snapshot_is_kept_by_mistake_of_a_zero() -> None:
    assert problem(k3s(etcdSnapshots={"retention": 0}))[0] == "etcdSnapshots.retention"


def test_the_token_is_sealed_to_a_certificate(certificate: str) -> None:
    escrow = settings(tokenEscrow={"certificate": certificate}).token_escrow
    assert escrow is not None
    assert escrow.certificate == certificate


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("private key", "holds a private key: take it out of this file"),
        ("two", "is not one X.509 certificate in PEM"),
        ("public key", "is not one X.509 certificate in PEM"),
        ("cut", "was not cut"),
    ],
)
def test_what_is_no_certificate_is_refused_before_a_token_is_lost_to_it(
    certificate: str, kind: str, words: str
) -> None:
    wrong = {
        "private key": f"{certificate}-----BEGIN PRIVATE KEY-----",
        "two": certificate * 2,
        "public key": certificate.replace("CERTIFICATE", "PUBLIC KEY"),
        "cut": certificate[:200] + certificate[230:],
    }
    path, message = problem(k3s(tokenEscrow={"certificate": wrong[kind]}))
    assert path == "tokenEscrow.certificate"
    assert words in message
    assert "BEGIN PRIVATE" not in message


def test_a_mirror_may_be_signed_by_an_authority_of_ones_own(certificate: str, tmp_path: Path) -> None:
    mirror = {"registry": "docker.io", "endpoints": ["https://mirror.example.org"], "caCertificate": certificate}
    assert settings(registryMirrors=[mirror]).registry_mirrors[0].ca_certificate == certificate
    path, message = problem(k3s(registryMirrors=[mirror | {"caCertificate": str(tmp_path)}]))
    assert path == "registryMirrors.0.caCertificate"
    assert "is no X.509 certificate in PEM" in message


@pytest.mark.parametrize("revision", [0, -1])
def test_the_kubeconfig_is_counted_up(revision: int) -> None:
    assert settings(kubeconfigRevision=2).kubeconfig_revision == 2
    assert problem(k3s(kubeconfigRevision=revision))[0] == "kubeconfigRevision"


@pytest.mark.parametrize("revision", [0, -1, 51])
def test_the_tokens_are_counted_up(revision: int) -> None:
    assert settings(tokenRevision=2).token_revision == 2
    assert problem(k3s(tokenRevision=revision))[0] == "tokenRevision"
