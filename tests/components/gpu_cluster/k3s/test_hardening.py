"""The record that policies judge k3s by says what is written to the hosts, and nothing that is secret."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
import yaml

from components.gpu_cluster.k3s.cluster import K3sGpuCluster, K3sGpuClusterArgs
from components.gpu_cluster.k3s.control_plane.admission import ADMISSION_FILE
from components.gpu_cluster.k3s.control_plane.audit import AUDIT_FILE
from components.gpu_cluster.k3s.control_plane.hardening import hardening_record
from components.gpu_cluster.k3s.control_plane.node_files import CONFIG_FILE, agent_files, server_files
from policies.k3s_configuration import INSTALLATION
from tests.components.gpu_cluster.clusters import HOST_PLAN, build_cluster, host, k3s_args, k3s_plan
from tests.components.surroundings import GPU_POOL
from tools.render import wire

AGENT = host("gpu-1", 21, GPU_POOL)
TOKENS = {"token": "the-server-token", "agent-token": "the-agent-token"}


def written(path: str, files: Any) -> Any:
    """A file as it lies on the host, without the tokens."""
    (file,) = (file for file in files if file.path == path)
    content = yaml.safe_load(file.content)
    return {key: value for key, value in content.items() if value not in TOKENS.values()}


def test_the_record_is_what_is_written_to_the_hosts() -> None:
    plan = k3s_plan()
    record = hardening_record(plan, [AGENT], HOST_PLAN.firewall)
    for server, recorded in zip(plan.servers, record["servers"], strict=True):
        files = server_files(server, plan, TOKENS)
        assert recorded == written(CONFIG_FILE, files)
        assert record["auditPolicy"] == written(AUDIT_FILE, files)
        assert record["admissionConfiguration"] == written(ADMISSION_FILE, files)
    assert record["agents"] == [written(CONFIG_FILE, agent_files(AGENT, plan, TOKENS))]
    assert record["kubernetesVersion"] == plan.kubernetes_version


def test_the_record_names_who_reaches_the_api_only_where_the_platform_has_the_firewall() -> None:
    assert HOST_PLAN.firewall
    firewall = replace(HOST_PLAN.firewall, admin_cidrs=("10.9.0.0/16",), client_cidrs=("10.0.0.0/8",))
    assert hardening_record(k3s_plan(), [], firewall)["apiCidrs"] == ["10.9.0.0/16", "10.0.0.0/8"]
    assert "apiCidrs" not in hardening_record(k3s_plan(), [], None)


def test_an_installation_shows_the_record_and_no_secret() -> None:
    given: list[K3sGpuClusterArgs] = []

    def make(opts: pulumi.ResourceOptions) -> K3sGpuCluster:
        given.append(k3s_args())
        return K3sGpuCluster("cluster", given[0], opts)

    built = build_cluster(make)
    (installation,) = (item for item in built.rendered.resources if item.type == INSTALLATION)
    (args,) = given
    assert wire.plain(installation.inputs) == hardening_record(args.plan, args.agents, args.host_plan.firewall)
