"""One way to register a custom resource of the gateway: named, labelled, and placed in its namespace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.base import labels
from components.base.capabilities import Capability, provides
from components.inference_gateway.names import EDGE_NAME, NAMESPACE

if TYPE_CHECKING:
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

CLUSTER_SCOPED = ("GatewayClass",)


def custom_resource(
    name: str,
    *,
    api_version: str,
    kind: str,
    physical: str,
    spec: Mapping[str, Any],
    environment: str,
    opts: pulumi.ResourceOptions,
    capabilities: tuple[Capability, ...] = (),
) -> CustomResource:
    """Register an object called `physical` under the logical name `name`. `capabilities` are those it provides."""
    metadata: ObjectMetaArgsDict = {
        "name": physical,
        "labels": labels.object_labels(EDGE_NAME, "edge", environment),
    }
    if kind not in CLUSTER_SCOPED:
        metadata["namespace"] = NAMESPACE
    if capabilities:
        metadata["annotations"] = provides(*capabilities)
    return CustomResource(name, api_version=api_version, kind=kind, metadata=metadata, spec=spec, opts=opts)
