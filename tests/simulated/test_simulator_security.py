"""The simulated control plane is as strict as a real one."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path

import pytest

from tests.simulated.manifests import deployment, eventually, pod_template
from tools.simulator.api import ApiClient, ApiError
from tools.simulator.certificates import KWOK, STAND_INS, Certificates
from tools.simulator.cluster import SimulatedCluster
from tools.simulator.kubectl import KubectlError

pytestmark = [pytest.mark.simulated, pytest.mark.xdist_group("simulated")]


def _port(cluster: SimulatedCluster, name: str) -> int:
    [port] = [status.port for status in cluster.status() if status.name == name]
    assert port is not None
    return port


def _authority(cluster: SimulatedCluster) -> Path:
    return Certificates(cluster.layout.certificates).authority.certificate


def test_the_api_server_runs_the_pinned_version(simulated_cluster: SimulatedCluster) -> None:
    version = json.loads(simulated_cluster.kubectl.run("version", "--output=json").stdout)
    assert version["serverVersion"]["gitVersion"] == version["clientVersion"]["gitVersion"]
    assert version["serverVersion"]["gitVersion"].startswith("v1.")
    assert version["serverVersion"]["minor"] == version["serverVersion"]["gitVersion"].split(".")[1]


def test_a_client_that_trusts_only_public_authorities_refuses_the_server(simulated_cluster: SimulatedCluster) -> None:
    port = _port(simulated_cluster, "kube-apiserver")
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/version")


def test_a_request_without_client_certificate_is_unauthorized(simulated_cluster: SimulatedCluster) -> None:
    context = ssl.create_default_context(cafile=str(_authority(simulated_cluster)))
    connection = http.client.HTTPSConnection("127.0.0.1", _port(simulated_cluster, "kube-apiserver"), context=context)
    connection.request("GET", "/version")
    assert connection.getresponse().status == 401


def test_etcd_refuses_a_client_without_certificate(simulated_cluster: SimulatedCluster) -> None:
    context = ssl.create_default_context(cafile=str(_authority(simulated_cluster)))
    connection = http.client.HTTPSConnection("127.0.0.1", _port(simulated_cluster, "etcd"), context=context)
    connection.request("GET", "/health")
    # TLS 1.3: the server's refusal of the missing certificate arrives with the answer.
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connection.getresponse()


def test_no_kubeconfig_skips_verification_and_none_is_readable_by_others(simulated_cluster: SimulatedCluster) -> None:
    files = [simulated_cluster.kubeconfig, *(simulated_cluster.layout.folder / "kubeconfigs").iterdir()]
    assert len(files) == 5
    for file in files:
        assert "insecure" not in file.read_text()
        assert file.stat().st_mode & 0o077 == 0


def test_the_clusters_own_processes_may_not_read_secrets(simulated_cluster: SimulatedCluster) -> None:
    for identity in (KWOK, STAND_INS):
        client = ApiClient.from_kubeconfig(simulated_cluster.layout.kubeconfig_of(identity))
        with pytest.raises(ApiError) as refused:
            client.get("/api/v1/secrets")
        assert refused.value.status == 403


def test_a_service_account_has_no_rights_of_its_own(simulated_cluster: SimulatedCluster) -> None:
    account = "--as=system:serviceaccount:default:default"
    answer = simulated_cluster.kubectl.run("auth", "can-i", "list", "secrets", account, check=False)
    assert answer.stdout.strip() == "no"
    assert simulated_cluster.kubectl.run("auth", "can-i", "list", "secrets").stdout.strip() == "yes"


def test_pod_security_admission_rejects_a_privileged_pod(simulated_cluster: SimulatedCluster, namespace: str) -> None:
    kubectl = simulated_cluster.kubectl
    kubectl.run("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    template = pod_template("breakout", container={"securityContext": {"privileged": True}})
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "breakout", "namespace": namespace}}
    with pytest.raises(KubectlError, match='violates PodSecurity "restricted'):
        kubectl.apply([pod | {"spec": template["spec"]}])


def test_warnings_of_the_api_server_are_handed_on(simulated_cluster: SimulatedCluster, namespace: str) -> None:
    kubectl = simulated_cluster.kubectl
    kubectl.run("label", "namespace", namespace, "pod-security.kubernetes.io/warn=restricted")
    careless = kubectl.apply([deployment("careless", namespace)], dry_run=True)
    [warning] = careless.warnings
    assert warning.startswith('would violate PodSecurity "restricted')
    assert careless.lines == ("deployment.apps/careless serverside-applied (server dry run)",)
    assert kubectl.get("deployments.apps", namespace=namespace) == []


def test_changes_are_in_the_audit_log_and_secret_values_are_not(
    simulated_cluster: SimulatedCluster, namespace: str
) -> None:
    metadata = {"name": "token", "namespace": namespace}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"key": "quite-unguessable"}}
    simulated_cluster.kubectl.apply([secret])

    def written() -> list[dict]:
        lines = simulated_cluster.layout.audit_log.read_text().splitlines()
        events = [json.loads(line) for line in lines if f'"namespace":"{namespace}"' in line]
        return [event for event in events if event["objectRef"]["resource"] == "secrets" and event["verb"] == "patch"]

    [event] = eventually(written)
    assert event["user"]["username"] == "ai-platform:admin"
    assert event["objectRef"]["name"] == "token"
    assert "quite-unguessable" not in simulated_cluster.layout.audit_log.read_text()
