"""A cluster in AWS, made by the platform."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from components.base.gpu_instances import has_gpus, mismatch
from stacks.schema.base import NOT_EMPTY, SettingsModel
from stacks.schema.cluster_parts import Cidr, ClusterBaseSettings, IssuerSettings
from stacks.schema.pools import PoolSettings

SERVICE_CIDR = "172.20.0.0/16"
"""Addresses of Services inside the cluster."""

_VPC_PREFIXES = range(16, 21)
_ZONE_COUNT = 3


def _vpc_cidr(text: str) -> str:
    network = ip_network(text)
    if network.prefixlen not in _VPC_PREFIXES:
        message = f"{text}: use a range between /16 and /20, every pod takes an address of it"
        raise ValueError(message)
    if network.overlaps(ip_network(SERVICE_CIDR)):
        message = f"{text} overlaps {SERVICE_CIDR}, which Services use inside the cluster: choose another range"
        raise ValueError(message)
    return text


RoleArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")]
"""ARN of an IAM role."""


class NodeGroupSettings(SettingsModel):
    """What the nodes of one pool are bought as."""

    instance_type: Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]
    """EC2 instance type, for example `g6e.12xlarge`."""
    purchase: Literal["on-demand", "spot", "reservation"] = "on-demand"
    """`spot` is taken away with two minutes' notice; `reservation` uses a capacity reservation of yours."""
    reservation_id: Annotated[str, Field(pattern=r"^cr-[0-9a-f]{17}$")] | None = None
    """Capacity reservation that the nodes start in."""
    availability_zone: str | None = None
    """Zone that all nodes start in; null: every zone. A reservation lives in one zone."""
    root_volume_gib: Annotated[int, Field(ge=50)] = 200
    """Size of a node's system disk in GiB. The image of the model server alone unpacks to more than 20."""

    @model_validator(mode="after")
    def _purchase_complete(self) -> NodeGroupSettings:
        if self.reservation_id and self.purchase != "reservation":
            message = f"reservationId excludes purchase: {self.purchase}: set purchase: reservation or remove the id"
            raise ValueError(message)
        if self.purchase == "reservation" and not (self.reservation_id and self.availability_zone):
            message = "purchase: reservation needs reservationId and availabilityZone"
            raise ValueError(message)
        return self


class EksClusterSettings(ClusterBaseSettings):
    """VPC, control plane, node groups, buckets and database in one AWS account and region."""

    kind: Literal["eks"]
    account_id: Annotated[str, Field(pattern=r"^[0-9]{12}$")]
    """Account that everything is made in; credentials of any other one are refused."""
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
    """AWS region."""
    availability_zones: tuple[str, str, str]
    """Three zones of the region, by name. Named and not looked up, so that a preview needs no call to AWS."""
    vpc_cidr: Annotated[Cidr, AfterValidator(_vpc_cidr)] = "10.64.0.0/16"
    """Address range of the new VPC."""
    admin_role_arns: Annotated[tuple[RoleArn, ...], NOT_EMPTY]
    """IAM roles that administer the cluster. The role that deploys must be among them."""
    api_public_cidrs: tuple[Cidr, ...] = ()
    """Addresses that may reach the API server from outside the VPC. Empty: none, deploy from inside or over a VPN."""
    node_groups: dict[str, NodeGroupSettings]
    """Instance type and purchase of each pool, by the pool's name."""
    ami_release: Annotated[str, Field(pattern=r"^1\.[0-9]{2}\.[0-9]+-[0-9]{8}$")] | None = None
    """Release of the node image, for example `1.36.2-20261107`; null: the newest when a node group is made."""
    load_balancer_scheme: Literal["internal", "internet-facing"] = "internal"
    """Who reaches the gateway: the VPC and what is connected to it, or everybody."""
    database_instance_class: Annotated[str, Field(pattern=r"^db\.[a-z0-9-]+\.[a-z0-9]+$")] = "db.r7g.large"
    """RDS instance class of the PostgreSQL server."""
    hosted_zone_id: Annotated[str, Field(pattern=r"^Z[0-9A-Z]{5,31}$")] | None = None
    """Route 53 zone of the domain, in which certificates are proven by DNS-01."""
    issuer: IssuerSettings = IssuerSettings()
    """Who signs certificates; `acme` without `dns01` uses `hostedZoneId`."""

    @model_validator(mode="after")
    def _fits_together(self) -> EksClusterSettings:
        problem = self._zone_problem() or self._node_group_problem() or self._issuer_problem()
        if problem:
            raise ValueError(problem)
        return self

    def _zone_problem(self) -> str | None:
        for zone in self.availability_zones:
            if not zone.startswith(self.region):
                return f"availabilityZones: {zone} is not in region {self.region}"
        if len(set(self.availability_zones)) < _ZONE_COUNT:
            return "availabilityZones: name three different zones"
        return None

    def _node_group_problem(self) -> str | None:
        pools = {pool.name: pool for pool in self.pools}
        for name in self.node_groups:
            if name not in pools:
                return f"nodeGroups.{name}: no pool is called {name!r}: the pools are {', '.join(sorted(pools))}"
        for name, pool in pools.items():
            if name not in self.node_groups:
                return f"nodeGroups: pool {name!r} has no entry: add nodeGroups.{name}.instanceType"
            problem = self._instance_problem(pool, self.node_groups[name])
            if problem:
                return f"nodeGroups.{name}.{problem}"
        return None

    def _instance_problem(self, pool: PoolSettings, group: NodeGroupSettings) -> str | None:
        if group.availability_zone and group.availability_zone not in self.availability_zones:
            return f"availabilityZone: {group.availability_zone} is not among availabilityZones"
        if pool.role == "system":
            return None
        if not has_gpus(group.instance_type):
            return f"instanceType: {group.instance_type} has no NVIDIA GPU: use a p or g family, or role: system"
        differs = mismatch(group.instance_type, pool.product, pool.gpus_per_node)
        return f"instanceType: {differs}: change either" if differs else None

    def _issuer_problem(self) -> str | None:
        if self.issuer.acme and not self.issuer.acme.dns01 and not self.hosted_zone_id:
            return "issuer.acme: set hostedZoneId, or issuer.acme.dns01 for another DNS service"
        return None
