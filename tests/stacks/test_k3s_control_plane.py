"""From the settings of a k3s control plane to its servers, and what a stack says when a secret is missing."""

from __future__ import annotations

import copy
import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.base import pins
from components.gpu_cluster.k3s.plan import K3sClusterPlan
from stacks.arguments.k3s_control_plane import cluster_plan, snapshot_access
from stacks.secrets import read_secrets
from stacks.settings import KEY, PlatformSettings, load_settings
from tests.components.gpu_cluster.clusters import host
from tests.components.surroundings import SYSTEM_POOL
from tests.stacks.conftest import ROOT
from tools.render import wire
from tools.render.program import OFFLINE_KEY, record, render_stack
from tools.render.stack_file import SECURE_PLACEHOLDER, StackFile, read_stack_file

SERVERS = tuple(host(f"control-{index}", 10 + index, SYSTEM_POOL) for index in (1, 2, 3))
STORE = {"endpoint": "s3.example.org", "region": "eu", "bucket": "snapshots", "folder": "dev"}
KEYS = {"ai-platform:etcdSnapshotAccessKeyId": "an-id", "ai-platform:etcdSnapshotSecretAccessKey": "a-secret"}


def raw(**cluster: Any) -> dict[str, Any]:
    content = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"][KEY]
    return {**copy.deepcopy(content), "cluster": content["cluster"] | cluster}


def settings(registry: str | None = None, **cluster: Any) -> PlatformSettings:
    return load_settings(raw(**cluster) | ({"registry": {"mirror": registry}} if registry else {}))


def plan(**changes: Any) -> K3sClusterPlan:
    read = settings(**changes)
    assert read.cluster.kind == "k3s"
    return cluster_plan(read, read.cluster, SERVERS)


def test_every_key_arrives_at_the_servers() -> None:
    made = plan(
        podCidr="172.20.0.0/16",
        serviceCidr="172.21.0.0/16",
        embeddedRegistry=True,
        etcdSnapshots={"schedule": "0 1 * * *", "retention": 7, "s3": STORE},
        virtualIp={"interface": "eth1"},
        registryMirrors=[{"registry": "docker.io", "endpoints": ["https://mirror.example.org"]}],
    )
    assert (made.kubernetes_version, made.servers, made.api_address) == ("1.36", SERVERS, "10.20.0.10")
    assert (made.network.pod_cidr, made.network.service_cidr) == ("172.20.0.0/16", "172.21.0.0/16")
    assert made.embedded_registry is True
    assert made.registry_mirrors[0].endpoints == ("https://mirror.example.org",)
    assert (made.snapshots.schedule, made.snapshots.retention) == ("0 1 * * *", 7)
    assert made.snapshots.store is not None
    assert dataclasses.asdict(made.snapshots.store) == STORE | {"ca_certificate": None}
    assert made.virtual_ip is not None
    assert (made.virtual_ip.address, made.virtual_ip.interface) == ("10.20.0.10", "eth1")


def test_kube_vip_comes_through_the_mirror_of_all_images() -> None:
    made = plan(registry="registry.example.org/mirror").virtual_ip
    assert made is not None
    assert made.image == f"registry.example.org/mirror/{pins.KUBE_VIP.reference}"


def test_nobody_brings_an_address_that_a_load_balancer_has() -> None:
    assert plan(virtualIp={"provider": "external"}).virtual_ip is None
    assert plan(apiAddress=None).virtual_ip is None
    assert plan(apiAddress=None).api_address == "10.20.0.11"


def access(config: dict[str, str], **cluster: Any) -> dict[str, Any]:
    """The key of the bucket in a stack with this configuration."""
    read = settings(**cluster).cluster
    assert read.kind == "k3s"

    def program() -> None:
        found = snapshot_access(read, read_secrets())
        if found:
            pulumi.export("id", pulumi.Output.unsecret(found.access_key_id))
            pulumi.export("secret", found.secret_access_key)

    return dict(record(program, config=config, secret_keys=tuple(KEYS)).outputs)


def test_the_buckets_key_is_the_stacks_own_secret() -> None:
    assert access(KEYS, etcdSnapshots={"s3": STORE}) == {"id": "an-id", "secret": wire.REDACTED}


def test_without_a_bucket_no_key_is_asked_for() -> None:
    assert access({}) == {}


@pytest.mark.parametrize("missing", sorted(KEYS))
def test_a_bucket_without_its_key_ends_the_program_with_one_line(missing: str) -> None:
    config = {key: value for key, value in KEYS.items() if key != missing}
    with pytest.raises(pulumi.RunError) as caught:
        access(config, etcdSnapshots={"s3": STORE})
    assert str(caught.value) == (
        f"ai-platform:platform.cluster.etcdSnapshots.s3 needs {missing}: "
        f"set it with pulumi config set --secret {missing}"
    )


def test_a_render_knows_no_secrets_and_goes_on() -> None:
    found = access({OFFLINE_KEY: "true"}, etcdSnapshots={"s3": STORE})
    assert found == {"id": "[etcdSnapshotAccessKeyId, known to the engine only]", "secret": wire.REDACTED}


def test_the_sealed_token_is_an_output_of_the_stack(tmp_path: Path) -> None:
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=escrow -days 2"
    subprocess.run(
        [*command.split(), "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    file = read_stack_file(ROOT, "dev")
    escrow = {"tokenEscrow": {"certificate": (tmp_path / "cert.pem").read_text()}, "etcdSnapshots": {"s3": STORE}}
    changed = StackFile(
        project=file.project,
        stack=file.stack,
        values={**file.values, KEY: json.dumps(raw(**escrow)), next(iter(KEYS)): SECURE_PLACEHOLDER},
        secret_keys=(*file.secret_keys, next(iter(KEYS))),
    )
    outputs = render_stack(ROOT, changed).outputs
    assert outputs["sealedServerToken"] != wire.REDACTED
    assert "sealedServerToken" not in render_stack(ROOT, file).outputs
