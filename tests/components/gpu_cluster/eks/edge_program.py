"""The edge of a cluster in AWS and its controller, without the rest of the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.base.handles import ImageRegistry
from components.charts import ChartSource
from components.gpu_cluster.eks.edge.edge import EksEdge, EksEdgeArgs, edge_handle
from components.gpu_cluster.eks.edge.load_balancing import LoadBalancerController, LoadBalancerControllerArgs
from components.gpu_cluster.eks.edge.plan import EdgePlace, EdgePlan
from components.gpu_cluster.eks.identity import CREDENTIALS, PodIdentity
from components.gpu_cluster.eks.services.access_logs import EksAccessLogs, EksAccessLogsArgs
from tests.components.surroundings import Built, Surroundings, build
from tools.render.monitor import RecordedResource

ACCOUNT = "111122223333"
REGION = "eu-north-1"
ZONE = "Z0123456789ABCDEFGHIJ"
SUBNETS = ("10.64.0.0/19", "10.64.32.0/19", "10.64.64.0/19")


def edge_place(access_logs: EksAccessLogs, **changes: Any) -> EdgePlace:
    fields: dict[str, Any] = {
        "environment": "test",
        "account_id": ACCOUNT,
        "region": REGION,
        "cluster_name": "ai-platform-test",
        "vpc_id": "vpc-0123456789abcdef0",
        "subnet_ids": ("subnet-1", "subnet-2", "subnet-3"),
        "subnet_cidrs": SUBNETS,
        "routes": (),
        "proxies_group_id": "sg-proxies",
        "hosted_zone_id": ZONE,
        "log_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/logs",
        "access_logs": access_logs,
        "protect": True,
    }
    return EdgePlace(**(fields | changes))


@dataclass(frozen=True, kw_only=True)
class BuiltEdge:
    """What was registered, found by type and by name."""

    built: Built

    def of_type(self, suffix: str) -> dict[str, RecordedResource]:
        return {item.name: item for item in self.built.rendered.resources if item.type.endswith(suffix)}

    def one(self, suffix: str) -> RecordedResource:
        found = self.of_type(suffix)
        assert len(found) == 1, sorted(found)
        return next(iter(found.values()))


def build_edge(plan: EdgePlan, *, registry: ImageRegistry | None = None, **place: Any) -> BuiltEdge:
    """Make the edge of `plan`; `place` changes where."""

    def program(surroundings: Surroundings) -> None:
        cloud = aws.Provider("cloud", region=REGION)
        opts = pulumi.ResourceOptions(providers=[*surroundings.cluster.providers, cloud])
        logs = EksAccessLogs(
            "logs", EksAccessLogsArgs(environment="test", account_id=ACCOUNT, protect=place.get("protect", True)), opts
        )
        edge = EksEdge("cluster-edge", EksEdgeArgs(plan=plan, place=edge_place(logs, **place)), opts)
        identity = PodIdentity(
            environment="test",
            account_id=ACCOUNT,
            region=REGION,
            cluster_name="ai-platform-test",
            key_arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/data",
        )
        LoadBalancerController(
            "cluster-load-balancing",
            LoadBalancerControllerArgs(
                cluster=surroundings.cluster,
                platform=surroundings.platform,
                charts=ChartSource(location="upstream"),
                identity=identity,
                edge=edge,
                cluster_name="ai-platform-test",
                region=REGION,
                vpc_id="vpc-0123456789abcdef0",
            ),
            opts,
        )

    handle = edge_handle(plan, SUBNETS)
    return BuiltEdge(
        built=build(program, load_balancer=handle, credentials=CREDENTIALS, registry=registry or ImageRegistry())
    )
