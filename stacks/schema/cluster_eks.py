"""A cluster in AWS, made by the platform."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from components.gpu_cluster.eks.network.subnets import subnet_layout
from stacks.schema.cluster_parts import ClusterBaseSettings, IssuerSettings
from stacks.schema.eks_auto_mode import AutoModeSettings, auto_mode_problem
from stacks.schema.eks_control_plane import EksControlPlaneSettings
from stacks.schema.eks_edge import EdgeSettings, EdgeSurroundings, edge_problem
from stacks.schema.eks_images import ImageCacheSettings, image_cache_problem
from stacks.schema.eks_network import EksNetworkSettings
from stacks.schema.eks_nodes import InstanceTypeName, KarpenterSettings, NodeGroupSettings, NodePlan
from stacks.schema.eks_services import EksServicesSettings

_ZONE_COUNT = 3
_OTHER_PARTITIONS = ("cn-", "us-gov-", "us-iso", "eu-iso")


class EksClusterSettings(ClusterBaseSettings, EksNetworkSettings, EksControlPlaneSettings, EksServicesSettings):
    """VPC, control plane, node groups, buckets and database in one AWS account and region."""

    kind: Literal["eks"]
    account_id: Annotated[str, Field(pattern=r"^[0-9]{12}$")]
    """Account that everything is made in; credentials of any other one are refused."""
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
    """AWS region."""
    availability_zones: tuple[str, str, str]
    """Three zones of the region, by name. Named and not looked up, so that a preview needs no call to AWS."""
    auto_mode: AutoModeSettings = AutoModeSettings()
    """Let EKS make the nodes."""
    node_groups: dict[str, NodeGroupSettings]
    """Instance type and purchase of each pool, by the pool's name."""
    karpenter: KarpenterSettings = KarpenterSettings()
    """Who adds nodes to pools whose `nodes.min` is below `nodes.max`."""
    instance_offerings: dict[InstanceTypeName, tuple[str, ...]] = Field(default_factory=dict)
    """Regions that offer an instance type, by type, where you know better than the platform's dated table."""
    ami_release: Annotated[str, Field(pattern=r"^1\.[0-9]{2}\.[0-9]+-[0-9]{8}$")] | None = None
    """Release of the node image, for example `1.36.2-20261107`; null: the newest when a node group is made.
    Required where Karpenter adds nodes."""
    load_balancer_scheme: Literal["internal", "internet-facing"] = "internal"
    """Who reaches the gateway: the VPC and what is connected to it, or everybody."""
    edge: EdgeSettings = EdgeSettings()
    """The load balancer in front of the gateway."""
    image_cache: ImageCacheSettings | None = None
    """Cache of images in ECR; null: nodes pull from the upstream registries, or from `registry.mirror`."""
    database_instance_class: Annotated[str, Field(pattern=r"^db\.[a-z0-9-]+\.[a-z0-9]+$")] = "db.r7g.large"
    """RDS instance class of the PostgreSQL server."""
    hosted_zone_id: Annotated[str, Field(pattern=r"^Z[0-9A-Z]{5,31}$")] | None = None
    """Route 53 zone of the domain, in which certificates are proven by DNS-01."""
    issuer: IssuerSettings = IssuerSettings()
    """Who signs certificates; `acme` without `dns01` uses `hostedZoneId`."""

    @model_validator(mode="after")
    def _fits_together(self) -> EksClusterSettings:
        problem = (
            self._zone_problem()
            or self.node_plan.problem()
            or self._issuer_problem()
            or self.network_problem()
            or self.access_problem()
            or self._auto_mode_problem()
            or self._entrance_problem()
            or self.service_problem(self.region, self.node_plan.prices())
        )
        if problem:
            raise ValueError(problem)
        return self

    def _zone_problem(self) -> str | None:
        if self.region.startswith(_OTHER_PARTITIONS):
            return (
                f"region: {self.region}: China, GovCloud and isolated regions are partitions of their own, for which "
                "no policy here is written: choose a region of the partition aws"
            )
        for zone in self.availability_zones:
            if not zone.startswith(self.region):
                return f"availabilityZones: {zone} is not in region {self.region}"
            if not re.fullmatch("[a-z]", zone.removeprefix(self.region)):
                return (
                    f"availabilityZones: {zone} is no availability zone: write the region and a letter, for example "
                    f"{self.region}a; EKS takes no local zones"
                )
        if len(set(self.availability_zones)) < _ZONE_COUNT:
            return "availabilityZones: name three different zones"
        return None

    @property
    def node_plan(self) -> NodePlan:
        """Everything about the nodes."""
        return NodePlan(
            pools=self.pools,
            groups=self.node_groups,
            region=self.region,
            zones=self.availability_zones,
            kubernetes_version=self.kubernetes_version,
            ami_release=self.ami_release,
            karpenter=self.karpenter,
            auto_mode=self.auto_mode.enabled,
            offerings=self.instance_offerings,
        )

    def _auto_mode_problem(self) -> str | None:
        if not self.auto_mode.enabled:
            return None
        if "karpenter" in self.model_fields_set:
            return "karpenter: EKS Auto Mode adds and removes nodes itself: remove it"
        return auto_mode_problem(
            pools=self.pools,
            groups=self.node_groups,
            ami_release=self.ami_release,
            addon_versions=self.addon_versions,
        )

    def _entrance_problem(self) -> str | None:
        around = EdgeSurroundings(
            region=self.region,
            account_id=self.account_id,
            hosted_zone_id=self.hosted_zone_id,
            scheme=self.load_balancer_scheme,
            vpc_cidr=self.vpc_cidr,
            public_subnets=tuple(zone.public for zone in subnet_layout(self.vpc_cidr, self.availability_zones)),
            own_networks=(self.vpc_cidr, *self.connected_cidrs),
        )
        cached = image_cache_problem(self.image_cache, region=self.region, account_id=self.account_id)
        return edge_problem(self.edge, around) or cached

    def _issuer_problem(self) -> str | None:
        if self.issuer.acme and not self.issuer.acme.dns01 and not self.hosted_zone_id:
            return "issuer.acme: set hostedZoneId, or issuer.acme.dns01 for another DNS service"
        return None
