"""The VPC of a cluster in AWS: its ways in and out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.base.eks_choices import INTERFACE_ENDPOINTS
from components.gpu_cluster.eks.network.endpoints import endpoint_policy
from components.gpu_cluster.eks.network.network import NetworkPlan
from components.gpu_cluster.eks.network.subnets import subnet_layout
from components.gpu_cluster.eks.policy_documents import s3_endpoint_policy
from tests.components.gpu_cluster.clusters import BuiltCluster
from tests.components.gpu_cluster.eks.program import build_eks, one, statements
from tools.render.monitor import RecordedResource

NETWORK = "cluster-infrastructure-network"
PLAN = NetworkPlan(zones=("eu-north-1a", "eu-north-1b", "eu-north-1c"), vpc_cidr="10.64.0.0/16")
PRIVATE = [f"{NETWORK}-zone{index}-private-id" for index in (1, 2, 3)]
ENDPOINT_PREFIX = "com.amazonaws.eu-north-1."


@pytest.fixture(scope="module")
def built() -> BuiltCluster:
    return build_eks()


def with_network(**changes: Any) -> BuiltCluster:
    return build_eks(network=replace(PLAN, **changes), data=False)


def interface_endpoints(built: BuiltCluster) -> dict[str, RecordedResource]:
    return {
        endpoint.inputs["serviceName"].removeprefix(ENDPOINT_PREFIX): endpoint
        for endpoint in built.of_type("ec2/vpcEndpoint:VpcEndpoint").values()
        if endpoint.inputs["vpcEndpointType"] == "Interface"
    }


def s3_endpoint(built: BuiltCluster) -> RecordedResource:
    (endpoint,) = (
        endpoint
        for endpoint in built.of_type("ec2/vpcEndpoint:VpcEndpoint").values()
        if endpoint.inputs["vpcEndpointType"] == "Gateway"
    )
    return endpoint


def routes(built: BuiltCluster, target: str) -> dict[str, tuple[str, str]]:
    """Destination and `target` of every route that has such a target, by route table."""
    return {
        route.inputs["routeTableId"]: (route.inputs["destinationCidrBlock"], route.inputs[target])
        for route in built.of_type("ec2/route:Route").values()
        if target in route.inputs
    }


def test_services_that_nodes_call_are_reached_inside_the_network_under_their_usual_names(built: BuiltCluster) -> None:
    endpoints = interface_endpoints(built)
    assert tuple(sorted(endpoints)) == tuple(sorted(INTERFACE_ENDPOINTS))
    assert len(endpoints) == 16
    for endpoint in endpoints.values():
        assert endpoint.inputs["privateDnsEnabled"] is True
        assert endpoint.inputs["subnetIds"] == PRIVATE


def test_only_the_private_subnets_connect_to_endpoints_and_only_by_https(built: BuiltCluster) -> None:
    group = f"{NETWORK}-endpoints-group-id"
    assert {tuple(e.inputs["securityGroupIds"]) for e in interface_endpoints(built).values()} == {(group,)}
    rules = [
        rule.inputs
        for rule in built.of_type(":SecurityGroupIngressRule").values()
        if rule.inputs["securityGroupId"] == group
    ]
    assert sorted(rule["cidrIpv4"] for rule in rules) == ["10.64.0.0/19", "10.64.32.0/19", "10.64.64.0/19"]
    assert {(rule["fromPort"], rule["toPort"], rule["ipProtocol"]) for rule in rules} == {(443, 443, "tcp")}
    assert not {"ingress", "egress"} & set(built.of_type("ec2/securityGroup:SecurityGroup")[group[:-3]].inputs)


def test_credentials_of_another_account_get_no_answer_from_an_endpoint(built: BuiltCluster) -> None:
    assert len(interface_endpoints(built)) == 16
    for service, endpoint in interface_endpoints(built).items():
        if service == "eks-auth":
            assert "policy" not in endpoint.inputs
            continue
        (statement,) = statements(endpoint.inputs["policy"])
        assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}
        assert statement["Effect"] == "Allow"
        assert statement["Action"].endswith(":*")
        assert statement["Action"] != "*:*"


@pytest.mark.parametrize(
    ("service", "action"), [("ecr.dkr", "ecr:*"), ("aps-workspaces", "aps:*"), ("ec2messages", "ec2messages:*")]
)
def test_an_endpoint_answers_its_own_service(service: str, action: str) -> None:
    policy = endpoint_policy(service, "111122223333")
    assert policy is not None
    assert policy["Statement"][0]["Action"] == action


def test_endpoints_can_be_fewer_or_none() -> None:
    assert set(interface_endpoints(with_network(interface_endpoints=("sts",)))) == {"sts"}
    none = with_network(interface_endpoints=())
    assert interface_endpoints(none) == {}
    assert f"{NETWORK}-endpoints-group" not in none.of_type("ec2/securityGroup:SecurityGroup")
    assert s3_endpoint(none)


def test_the_way_to_s3_leads_to_buckets_of_the_own_account_alone(built: BuiltCluster) -> None:
    endpoint = s3_endpoint(built).inputs
    assert len(endpoint["routeTableIds"]) == 3
    for statement in statements(endpoint["policy"]):
        if statement["Resource"] == "*":
            assert statement["Condition"] == {"StringEquals": {"aws:ResourceAccount": "111122223333"}}
        else:
            assert statement["Action"] == "s3:GetObject"
            assert all("*" not in resource.removesuffix("/*") for resource in statement["Resource"])


@pytest.mark.parametrize(
    ("region", "kubernetes"),
    [
        ("eu-north-1", "prod-registry-k8s-io-eu-north-1"),
        ("eu-west-2", "767373bbdcb8270361b96548387bf2a9ad0d48758c35-eu-west-2"),
    ],
)
def test_nodes_read_layers_of_images_from_the_buckets_that_registries_send_them_to(
    region: str, kubernetes: str
) -> None:
    document = s3_endpoint_policy("111122223333", region)
    [resources] = [item["Resource"] for item in document["Statement"] if item["Resource"] != "*"]
    ecr, own = f"prod-{region}-starport-layer-bucket", f"al2023-repos-{region}-de612dc2"
    buckets = (ecr, kubernetes, "docker-images-prod", "quayio-production-s3", own)
    assert resources == [f"arn:aws:s3:::{bucket}/*" for bucket in buckets]


def test_a_zone_that_fails_takes_its_own_way_out_only(built: BuiltCluster) -> None:
    nat = built.of_type(":NatGateway")
    assert {resource.inputs["subnetId"] for resource in nat.values()} == {
        f"{NETWORK}-zone{index}-public-id" for index in (1, 2, 3)
    }
    ways = routes(built, "natGatewayId")
    assert len({gateway for _, gateway in ways.values()}) == len(ways) == 3


def test_a_small_stack_may_share_one_way_out() -> None:
    built = with_network(nat_gateways="single")
    assert list(built.of_type(":NatGateway")) == [f"{NETWORK}-outbound-zone1-nat"]
    assert len(built.of_type("ec2/eip:Eip")) == 1
    ways = routes(built, "natGatewayId")
    assert set(ways.values()) == {("0.0.0.0/0", f"{NETWORK}-outbound-zone1-nat-id")}
    assert len(ways) == 3


def test_a_nat_gateway_is_made_once_the_internet_can_be_reached(built: BuiltCluster) -> None:
    gateways = built.of_type(":NatGateway").values()
    assert len(gateways) == 3
    for gateway in gateways:
        assert any(urn.endswith("-public-default") for urn in gateway.depends_on)


def test_connected_networks_are_reached_over_the_transit_gateway_from_every_zone() -> None:
    gateway = "tgw-0123456789abcdef0"
    built = with_network(transit_gateway_id=gateway, connected_cidrs=("192.168.0.0/16", "10.8.0.0/14"))
    attachment = one(built, ":VpcAttachment").inputs
    assert (attachment["transitGatewayId"], attachment["subnetIds"]) == (gateway, PRIVATE)
    ways = [route for route in built.of_type("ec2/route:Route").values() if "transitGatewayId" in route.inputs]
    assert len(ways) == 6
    assert {route.inputs["destinationCidrBlock"] for route in ways} == {"192.168.0.0/16", "10.8.0.0/14"}
    assert all(any(":VpcAttachment::" in urn for urn in route.depends_on) for route in ways)


def test_without_a_transit_gateway_routes_are_left_to_whoever_peers(built: BuiltCluster) -> None:
    assert not built.of_type(":VpcAttachment")
    assert not routes(with_network(connected_cidrs=("10.8.0.0/14",)), "transitGatewayId")


def test_no_subnet_hands_out_public_addresses_and_nobody_pays_for_own_hosts(built: BuiltCluster) -> None:
    subnets = built.of_type("ec2/subnet:Subnet")
    assert len(subnets) == 9
    assert not [name for name, subnet in subnets.items() if subnet.inputs["mapPublicIpOnLaunch"]]
    assert one(built, "ec2/vpc:Vpc").inputs["instanceTenancy"] == "default"


def test_load_balancers_and_karpenter_find_their_subnets(built: BuiltCluster) -> None:
    tags = {name: subnet.inputs["tags"] for name, subnet in built.of_type("ec2/subnet:Subnet").items()}
    discovered = {name for name, own in tags.items() if own.get("karpenter.sh/discovery") == "ai-platform-test"}
    assert discovered == {f"{NETWORK}-zone{index}-private" for index in (1, 2, 3)}
    assert {name for name, own in tags.items() if "kubernetes.io/role/internal-elb" in own} == discovered
    assert {name for name, own in tags.items() if "kubernetes.io/role/elb" in own} == {
        f"{NETWORK}-zone{index}-public" for index in (1, 2, 3)
    }


def test_what_aws_makes_with_a_network_connects_nothing(built: BuiltCluster) -> None:
    group = one(built, ":DefaultSecurityGroup").inputs
    assert not {"ingress", "egress"} & set(group)
    assert one(built, ":DefaultRouteTable").inputs["routes"] == []


def test_data_subnets_have_no_route_out(built: BuiltCluster) -> None:
    associated = {resource.inputs["subnetId"] for resource in built.of_type(":RouteTableAssociation").values()}
    data = {f"{NETWORK}-zone{index}-data-id" for index in (1, 2, 3)}
    assert set(one(built, "rds/subnetGroup:SubnetGroup").inputs["subnetIds"]) == data
    assert len(associated) == 6
    assert not data & associated


def test_every_connection_is_logged_encrypted_and_for_as_long_as_the_stack_says() -> None:
    built = with_network(log_days=365)
    log = one(built, "ec2/flowLog:FlowLog")
    group = built.of_type(":LogGroup")[f"{NETWORK}-flow-logs-group"].inputs
    assert log.inputs["trafficType"] == "ALL"
    assert group["retentionInDays"] == 365
    assert group["kmsKeyId"].startswith("arn:aws:kms:")
    assert any(":RolePolicy::" in urn for urn in log.depends_on)


def test_nodes_wait_for_every_route_and_endpoint(built: BuiltCluster) -> None:
    ways = {resource.urn for resource in built.of_type("ec2/vpcEndpoint:VpcEndpoint").values()}
    ways |= {r.urn for r in built.of_type("ec2/route:Route").values() if "natGatewayId" in r.inputs}
    assert len(ways) == 20
    groups = built.of_type(":NodeGroup")
    assert groups
    for group in groups.values():
        assert ways <= set(group.depends_on)


def test_subnets_divide_the_network_without_overlap() -> None:
    layout = subnet_layout("10.64.0.0/16", ("a", "b", "c"))
    assert [zone.private for zone in layout] == ["10.64.0.0/19", "10.64.32.0/19", "10.64.64.0/19"]
    assert len({cidr for zone in layout for cidr in (zone.private, zone.public, zone.data)}) == 9


def test_a_network_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        subnet_layout("10.64.0.0/21", ("a", "b", "c"))
