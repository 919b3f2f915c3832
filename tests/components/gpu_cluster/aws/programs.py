"""Programs whose AWS resources are judged: the shipped stack, and that stack with the options that it leaves off."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from stacks.settings import KEY
from tools.render.graph import RenderedStack
from tools.render.program import render_stack
from tools.render.stack_file import StackFile, read_stack_file

ROOT = Path(__file__).resolve().parents[4]

Cluster = dict[str, Any]


def _shipped(cluster: Cluster) -> None:
    """The stack as it is."""


def _everything(cluster: Cluster) -> None:
    """Options that add resources: a firewall, caches, copies elsewhere, managed Grafana, reserved and close nodes."""
    cluster["edge"] = {"kind": "application"}
    cluster["imageCache"] = {"hosts": ["quay.io", "registry.k8s.io"], "scanning": "enhanced"}
    cluster["backup"] = {"copyToRegion": "eu-west-1"}
    cluster["connectedCidrs"] = ["10.0.0.0/16"]
    cluster["apiPrivateCidrs"] = ["10.0.0.0/24"]
    cluster["transitGatewayId"] = "tgw-0123456789abcdef0"
    cluster["viewerRoleArns"] = ["arn:aws:iam::111122223333:role/platform-viewer"]
    cluster["managedGrafana"] = {
        "identityCenter": {"adminGroupIds": ["01234567-89ab-cdef-0123-456789abcdef"]},
        "allowedCidrs": ["203.0.113.0/24"],
    }
    cluster["nodeGroups"]["l40s"] |= {"purchase": "spot"}
    cluster["nodeGroups"]["h200"] |= {
        "purchase": "capacity-block",
        "reservationId": "cr-0123456789abcdef0",
        "availabilityZone": cluster["availabilityZones"][1],
        "efa": True,
    }


def _auto_mode(cluster: Cluster) -> None:
    """Nodes, volumes and network made by EKS itself, and sign-in to Grafana by SAML."""
    cluster["autoMode"] = {"enabled": True}
    cluster.pop("amiRelease", None)
    cluster["managedGrafana"] = {
        "saml": {"metadataUrl": "https://id.example.org/saml", "roleAttribute": "role", "adminRoles": ["admin"]},
        "allowedCidrs": ["203.0.113.0/24"],
    }


_VARIANTS: dict[str, Callable[[Cluster], None]] = {
    "prod": _shipped,
    "prod with everything": _everything,
    "prod in auto mode": _auto_mode,
}
PROGRAMS = tuple(_VARIANTS)


@cache
def aws_program(name: str) -> RenderedStack:
    """The program called `name`, run once."""
    return render_stack(ROOT, aws_stack_file(name))


def aws_stack_file(name: str) -> StackFile:
    """The configuration of the program called `name`."""
    file = read_stack_file(ROOT, "prod")
    settings = copy.deepcopy(json.loads(file.values[KEY]))
    _VARIANTS[name](settings["cluster"])
    return replace(file, values={**file.values, KEY: json.dumps(settings)})
