"""A real API server with the arguments, admission configuration and audit policy of a k3s server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.base.node_pools import NodePool
from components.gpu_cluster.k3s.control_plane.cluster_defaults import DEFAULTS_FILE
from components.gpu_cluster.k3s.control_plane.node_files import CONFIG_FILE, server_files
from components.gpu_cluster.k3s.control_plane.virtual_ip import VIRTUAL_IP_FILE
from components.gpu_cluster.k3s.hosts.hosts import K3sHost
from components.gpu_cluster.k3s.plan import K3sClusterPlan, VirtualIp
from tests.simulated.manifests import eventually
from tools.simulator import control_plane
from tools.simulator.cluster import SimulatedCluster
from tools.simulator.control_plane import API_SERVER
from tools.simulator.processes import Component

pytestmark = [pytest.mark.simulated, pytest.mark.xdist_group("k3s-api-server")]

SYSTEM = NodePool(name="system", role="system", cpu=4, memory_gib=16, min_nodes=1, max_nodes=1)
SERVER = K3sHost(name="server-1", address="10.20.0.11", host_key="", pool=SYSTEM)
PLAN = K3sClusterPlan(
    kubernetes_version="1.36",
    servers=(SERVER,),
    api_address="10.20.0.10",
    virtual_ip=VirtualIp(address="10.20.0.10", interface=None, image="registry.example.org/kube-vip:v1"),
)
SERVER_FOLDER = "/var/lib/rancher/k3s/server"
FILES = {file.path: file.content for file in server_files(SERVER, PLAN, {"token": "a", "agent-token": "b"})}
GUESS = "quite-unguessable"


@dataclass(frozen=True, kw_only=True)
class HardenedCluster:
    """A cluster whose API server runs as on a k3s server, with the server's folder at `folder`."""

    cluster: SimulatedCluster
    folder: Path

    def audit(self, resource: str, **wanted: str) -> list[dict[str, Any]]:
        """Events of the audit log about `resource` (`pods/exec` for a part of one) with these values."""
        name, _, part = resource.partition("/")
        events = [json.loads(line) for line in self.log().splitlines()]
        about = [event for event in events if event.get("objectRef", {}).get("resource") == name]
        return [
            event
            for event in about
            if event["objectRef"].get("subresource", "") == part
            and all((event | event["objectRef"]).get(key) == value for key, value in wanted.items())
        ]

    def log(self) -> str:
        return (self.folder / "logs/audit.log").read_text()


@pytest.fixture(scope="module")
def hardened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HardenedCluster]:
    folder = tmp_path_factory.mktemp("server")
    for path, content in FILES.items():
        if path.startswith(f"{SERVER_FOLDER}/") and path not in {VIRTUAL_IP_FILE, DEFAULTS_FILE}:
            (folder / path.removeprefix(f"{SERVER_FOLDER}/")).write_text(content)
    given = [
        argument.replace(SERVER_FOLDER, str(folder))
        for argument in yaml.safe_load(FILES[CONFIG_FILE])["kube-apiserver-arg"]
    ]
    names = tuple(f"--{argument.split('=')[0]}=" for argument in given)
    original = control_plane.components

    def components(*args: Any) -> tuple[Component, ...]:
        return tuple(
            replace(
                component,
                command=(
                    *(word for word in component.command if not word.startswith(names)),
                    *(f"--{argument}" for argument in given),
                ),
            )
            if component.name == API_SERVER
            else component
            for component in original(*args)
        )

    cluster = SimulatedCluster(tmp_path_factory.mktemp("hardened"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(control_plane, "components", components)
        try:
            cluster.start((SYSTEM,))
            yield HardenedCluster(cluster=cluster, folder=folder)
        finally:
            cluster.remove()


def pod(name: str, namespace: str, **security: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "registry.example.org/app:1", "securityContext": security}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def namespace(name: str, level: str | None = None) -> dict[str, Any]:
    labels = {"pod-security.kubernetes.io/enforce": level} if level else {}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def refusal(hardened: HardenedCluster, manifest: dict[str, Any]) -> str:
    done = hardened.cluster.kubectl.run(
        "create", "--dry-run=server", "--filename=-", stdin=json.dumps(manifest), check=False
    )
    return done.stderr if done.returncode else ""


def test_a_namespace_that_says_nothing_is_restricted(hardened: HardenedCluster) -> None:
    hardened.cluster.kubectl.apply([namespace("unlabelled")])
    assert 'violates PodSecurity "restricted:v1.36"' in refusal(hardened, pod("x", "unlabelled", privileged=True))
    assert 'violates PodSecurity "restricted:v1.36"' in refusal(hardened, pod("x", "unlabelled"))
    assert 'violates PodSecurity "restricted:v1.36"' in refusal(hardened, pod("x", "default"))


def test_a_namespaces_own_label_and_the_nodes_own_namespace_go_before(hardened: HardenedCluster) -> None:
    hardened.cluster.kubectl.apply([namespace("agents", "privileged")])
    assert "violates PodSecurity" not in refusal(hardened, pod("x", "agents", privileged=True))
    assert "violates PodSecurity" not in refusal(hardened, pod("x", "kube-system", privileged=True))


def test_the_virtual_address_is_accepted_by_the_api_server_as_it_lies_on_the_first_server(
    hardened: HardenedCluster,
) -> None:
    manifests = list(yaml.safe_load_all(FILES[VIRTUAL_IP_FILE]))
    assert len(hardened.cluster.kubectl.apply(manifests, dry_run=True).lines) == 4
    daemon_set = manifests[-1]
    template = daemon_set["spec"]["template"]
    as_pod = {"apiVersion": "v1", "kind": "Pod", "metadata": daemon_set["metadata"], "spec": template["spec"]}
    hardened.cluster.kubectl.apply(manifests[:1])
    hardened.cluster.kubectl.apply([as_pod], dry_run=True)


def test_defaults_of_the_clusters_own_namespaces_are_accepted_over_what_is_there(hardened: HardenedCluster) -> None:
    kubectl = hardened.cluster.kubectl
    manifests = list(yaml.safe_load_all(FILES[DEFAULTS_FILE]))
    eventually(lambda: kubectl.get("serviceaccounts", namespace="kube-node-lease"))
    assert len(kubectl.apply(manifests).lines) == len(manifests) == 9
    for namespace_name in ("default", "kube-public", "kube-node-lease"):
        (account,) = kubectl.get("serviceaccounts", namespace=namespace_name)
        assert account["automountServiceAccountToken"] is False


def test_who_reads_and_writes_secrets_is_in_the_log_and_what_is_in_them_is_not(hardened: HardenedCluster) -> None:
    kubectl = hardened.cluster.kubectl
    kubectl.apply([namespace("vault")])
    for kind, key in (("Secret", "stringData"), ("ConfigMap", "data")):
        metadata = {"name": "settings", "namespace": "vault"}
        kubectl.apply([{"apiVersion": "v1", "kind": kind, "metadata": metadata, key: {"key": GUESS}}])
    assert kubectl.get("secrets", namespace="vault")
    kubectl.run("get", "secret", "settings", "--namespace=vault")
    for verb in ("patch", "get", "list"):
        (event, *_) = eventually(lambda verb=verb: hardened.audit("secrets", namespace="vault", verb=verb))
        assert event["level"] == "Metadata"
        assert event["user"]["username"] == "ai-platform:admin"
    assert eventually(lambda: hardened.audit("configmaps", namespace="vault", verb="patch"))
    assert GUESS not in hardened.log()


def test_tokens_are_in_no_log(hardened: HardenedCluster) -> None:
    kubectl = hardened.cluster.kubectl
    token = kubectl.run("create", "token", "default", "--namespace=kube-public").stdout.strip()
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    kubectl.run("create", "--filename=-", stdin=json.dumps(review))
    assert eventually(lambda: hardened.audit("serviceaccounts/token", name="default"))
    assert eventually(lambda: hardened.audit("tokenreviews"))
    signature = token.rsplit(".", 1)[1]
    assert len(signature) > 40
    assert signature not in hardened.log()


def test_who_enters_a_pod_is_in_the_log_with_the_command(hardened: HardenedCluster) -> None:
    kubectl = hardened.cluster.kubectl
    kubectl.apply([namespace("shells", "privileged"), pod("target", "shells")])
    eventually(lambda: kubectl.get("pods", namespace="shells")[0]["status"].get("phase") == "Running")
    kubectl.run("exec", "target", "--namespace=shells", "--", "cat", "/etc/passwd", check=False)
    (event, *_) = eventually(lambda: hardened.audit("pods/exec", namespace="shells"))
    assert event["level"] == "Request"
    assert "command=cat" in event["requestURI"]


def test_what_gives_power_is_in_the_log_as_it_was_written(hardened: HardenedCluster) -> None:
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "reader"}}
    hardened.cluster.kubectl.apply([role | {"rules": rules}])
    (event, *_) = eventually(lambda: hardened.audit("clusterroles", name="reader", verb="patch"))
    assert event["level"] == "RequestResponse"
    assert event["responseObject"]["rules"] == rules


def test_events_leases_and_the_control_planes_own_reading_do_not_drown_the_rest(hardened: HardenedCluster) -> None:
    hardened.cluster.kubectl.apply([namespace("last")])
    eventually(lambda: hardened.audit("namespaces", name="last"))
    assert hardened.audit("events") == []
    assert hardened.audit("leases") == []
    events = [json.loads(line) for line in hardened.log().splitlines()]
    users = {event["user"]["username"] for event in events if event["verb"] in {"get", "list", "watch"}}
    assert "ai-platform:admin" in users
    reading = [
        event["objectRef"]["resource"]
        for event in events
        if event["user"]["username"] == "system:kube-scheduler" and event["verb"] in {"get", "list", "watch"}
    ]
    assert set(reading) <= {"configmaps", "secrets"}


def test_a_flood_of_events_is_stopped(hardened: HardenedCluster) -> None:
    """The namespace may write 500 at once and 50 each second after that. A dry run counts for nothing."""
    client = hardened.cluster.kubectl
    client.apply([namespace("noisy")])
    events = [
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"noise-{number}", "namespace": "noisy"},
            "involvedObject": {"kind": "Pod", "name": "x", "namespace": "noisy"},
        }
        for number in range(900)
    ]
    content = json.dumps({"apiVersion": "v1", "kind": "List", "items": events})
    done = client.run("create", "--filename=-", stdin=content, check=False)
    assert done.returncode != 0
    assert "limit reached on type Namespace" in done.stderr
