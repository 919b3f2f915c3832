"""What `pulumi preview` shows before anything exists: the whole platform, with every answer of a provider unknown."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pulumi
import pulumi_random as random
import pytest

from stacks.settings import KEY
from tests.components.gpu_cluster.aws.programs import PROGRAMS, aws_program, aws_stack_file
from tests.stacks.conftest import ROOT, rendered_stack
from tests.stacks.first_preview import FirstPreview, differences, first_preview
from tools.render import wire
from tools.render.graph import RenderedStack
from tools.render.program import record, render_stack
from tools.render.stack_file import StackFile, read_stack_file

Platform = dict[str, Any]


def _with_less(platform: Platform) -> None:
    """One server reached at its own address, volumes and upgrades left to the operator."""
    cluster = platform["cluster"]
    storage = {meaning: {"name": "own"} for meaning in ("fast", "retained")}
    cluster |= {"upgrades": None, "firewall": None, "storageDriver": {"kind": "none"}, "storage": storage}
    cluster |= {"servers": cluster["servers"][:1], "apiAddress": None}
    cluster["pools"][0]["nodes"] = {"min": 1, "max": 1}
    cluster["pools"][0] |= {"cpu": 96, "memoryGib": 384}
    platform["data"]["objectStore"]["replicas"] = platform["data"]["postgres"]["instances"] = 1
    platform["data"]["vectors"]["replicas"] = 1


def _with_more(platform: Platform) -> None:
    """Everything that adds commands on hosts, objects in the cluster or exports."""
    backup = {"target": "s3://volumes@eu-north-1/dev", "credentialSecret": "longhorn-backup"}
    router = {"name": "left", "address": "10.20.0.1", "asn": 64512, "passwordSecret": "router"}
    platform["cluster"] |= {
        "storageDriver": {"kind": "longhorn", "longhorn": {"gpuNodes": True, "sharedVolumes": True, "backup": backup}},
        "loadBalancer": {"addresses": ["10.30.0.0/28"], "mode": "bgp", "bgp": {"asn": 64513, "peers": [router]}},
        "upgrades": {"window": {"days": ["sunday"], "startTime": "01:00", "endTime": "05:00"}},
        "etcdSnapshots": {"s3": {"endpoint": "s3.example.org", "bucket": "snapshots", "folder": "dev"}},
        "tokenEscrow": {"certificate": _certificate()},
        "hostDriver": {"install": True},
        "gpuOperator": {"driver": "host"},
        "airGapImages": True,
        "tokenRevision": 2,
        "kubeconfigRevision": 2,
    }


@cache
def _certificate() -> str:
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=escrow -keyout /dev/null"
    return subprocess.run(command.split(), check=True, capture_output=True, text=True).stdout


def _k3s_stack_file(change: Callable[[Platform], None]) -> StackFile:
    file = read_stack_file(ROOT, "dev")
    platform = json.loads(file.values[KEY])
    change(platform)
    return replace(file, values={**file.values, KEY: json.dumps(platform)})


@cache
def _pair(name: str) -> tuple[RenderedStack, RenderedStack]:
    """The first preview of a program, and its deployment."""
    if name in ("local", "dev"):
        return first_preview(ROOT, read_stack_file(ROOT, name)), rendered_stack(name)
    if name in PROGRAMS:
        return first_preview(ROOT, aws_stack_file(name)), aws_program(name)
    file = _k3s_stack_file(_K3S_VARIANTS[name])
    return first_preview(ROOT, file), render_stack(ROOT, file)


_K3S_VARIANTS = {"dev with less": _with_less, "dev with more": _with_more}
ALL = ("local", "dev", *_K3S_VARIANTS, *PROGRAMS)


@pytest.mark.parametrize("name", ALL)
def test_the_first_preview_shows_every_resource_as_it_will_be_made(name: str) -> None:
    previewed, deployed = _pair(name)
    assert len(previewed.resources) > 200
    assert list(differences(previewed, deployed)) == []


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_cluster_that_is_yet_to_be_made_has_no_kubeconfig(name: str) -> None:
    previewed, _ = _pair(name)
    [provider] = [item for item in previewed.resources if item.type == "pulumi:providers:kubernetes"]
    assert isinstance(wire.clear(provider.inputs["kubeconfig"]), pulumi.output.Unknown)


def _differences(program: Callable[[random.RandomPassword, pulumi.ResourceOptions], object]) -> list[str]:
    def run() -> None:
        opts = pulumi.ResourceOptions(provider=random.Provider("random"))
        program(random.RandomPassword("first", length=24, opts=opts), opts)

    return list(differences(record(run, monitor=FirstPreview()), record(run)))


def test_a_resource_that_appears_once_a_value_is_known_is_a_difference() -> None:
    def program(first: random.RandomPassword, opts: pulumi.ResourceOptions) -> None:
        first.result.apply(lambda known: random.RandomId(f"of-{len(known)}", byte_length=4, opts=opts))

    assert [text.rsplit("::", 1) for text in _differences(program)] == [
        ["not in the preview: urn:pulumi:test::ai-platform::random:index/randomId:RandomId", "of-24"]
    ]


def test_an_unknown_value_may_become_anything_and_a_known_one_may_not_change() -> None:
    def program(first: random.RandomPassword, opts: pulumi.ResourceOptions) -> None:
        keepers = {"of": first.result, "here": str(pulumi.runtime.is_dry_run())}
        random.RandomId("second", byte_length=4, keepers=keepers, opts=opts)

    assert [text.split(": ", 1)[1] for text in _differences(program)] == [".keepers.here: 'True' is not 'False'"]
