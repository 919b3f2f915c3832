from __future__ import annotations

from typing import Any

import pytest

from components.base.eks_choices import INTERFACE_ENDPOINTS
from stacks.schema.cluster import EksClusterSettings
from tests.settings.test_cluster_settings import ADAPTER, L40S, SYSTEM, problem
from tests.settings.test_cluster_settings import eks as any_eks

OFFICE = "10.8.0.0/14"
GATEWAY = "tgw-0123456789abcdef0"
POOL = L40S | {"cpu": 48, "memoryGib": 384}


def eks(**changes: Any) -> dict[str, Any]:
    return any_eks(**({"pools": [SYSTEM, POOL]} | changes))


def accepted(**changes: Any) -> EksClusterSettings:
    settings = ADAPTER.validate_python(eks(**changes))
    assert isinstance(settings, EksClusterSettings)
    return settings


def test_a_network_is_private_redundant_and_complete_unless_the_stack_says_otherwise() -> None:
    settings = accepted()
    assert settings.nat_gateways == "per-zone"
    assert settings.interface_endpoints == INTERFACE_ENDPOINTS
    assert settings.api_public_cidrs == settings.api_private_cidrs == settings.connected_cidrs == ()
    assert (settings.vpc_cidr, settings.service_cidr) == ("10.64.0.0/16", "172.20.0.0/16")


@pytest.mark.parametrize(
    ("cidr", "words"),
    [
        ("10.64.0.0/24", "use a range between /16 and /20"),
        ("10.0.0.0/8", "use a range between /16 and /20"),
    ],
)
def test_the_network_has_room_for_pods(cidr: str, words: str) -> None:
    path, message = problem(eks(vpcCidr=cidr))
    assert path == "vpcCidr"
    assert words in message


def test_the_network_is_not_that_of_services() -> None:
    assert problem(eks(vpcCidr="172.20.0.0/16")) == (
        "",
        "vpcCidr: 172.20.0.0/16 overlaps 172.20.0.0/16, which Services use inside the cluster: "
        "choose another vpcCidr or serviceCidr",
    )


@pytest.mark.parametrize(
    ("cidr", "words"),
    [
        ("10.0.0.0/11", "between /12 and /24"),
        ("100.64.0.0/16", "inside 10.0.0.0/8"),
        ("172.20.0.0/28", "between /12 and /24"),
    ],
)
def test_services_have_a_range_that_eks_takes(cidr: str, words: str) -> None:
    path, message = problem(eks(serviceCidr=cidr))
    assert path == "serviceCidr"
    assert words in message


@pytest.mark.parametrize("key", ["connectedCidrs", "apiPrivateCidrs", "apiPublicCidrs"])
def test_a_range_is_named_once(key: str) -> None:
    path, message = problem(eks(**{key: [OFFICE, OFFICE]}))
    assert path == key
    assert f"{OFFICE} is named twice: remove one" in message


def test_another_service_range_frees_the_usual_one() -> None:
    settings = accepted(serviceCidr="10.100.0.0/16", vpcCidr="172.20.0.0/16")
    assert settings.vpc_cidr == "172.20.0.0/16"


def test_the_network_does_not_overlap_the_organisations_own() -> None:
    message = problem(eks(connectedCidrs=["192.168.0.0/16", OFFICE], vpcCidr="10.9.0.0/16"))[1]
    assert message.startswith(f"vpcCidr: 10.9.0.0/16 overlaps {OFFICE} of connectedCidrs")


def test_the_usual_range_is_checked_against_the_organisations_own_too() -> None:
    assert problem(eks(connectedCidrs=["10.0.0.0/8"]))[1].startswith("vpcCidr: 10.64.0.0/16 overlaps 10.0.0.0/8")


def test_services_do_not_overlap_the_organisations_own() -> None:
    message = problem(eks(connectedCidrs=["172.16.0.0/12"]))[1]
    assert message.startswith("serviceCidr: 172.20.0.0/16 overlaps 172.16.0.0/12 of connectedCidrs")


def test_a_transit_gateway_leads_somewhere() -> None:
    assert problem(eks(transitGatewayId=GATEWAY))[1] == (
        "transitGatewayId: it leads nowhere: name the networks behind it in connectedCidrs"
    )
    assert accepted(transitGatewayId=GATEWAY, connectedCidrs=[OFFICE]).transit_gateway_id == GATEWAY


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1"])
def test_the_api_is_never_opened_to_the_internet(cidr: str) -> None:
    path, message = problem(eks(apiPublicCidrs=[cidr]))
    assert path == "apiPublicCidrs.0"
    assert message.startswith(f"{cidr} opens the API server to the internet: name the addresses that you deploy from")


def test_addresses_of_the_organisation_may_reach_the_api() -> None:
    assert accepted(apiPublicCidrs=["203.0.113.0/24"]).api_public_cidrs == ("203.0.113.0/24",)


def test_clients_of_the_private_endpoint_come_from_a_network_that_is_connected() -> None:
    message = problem(eks(connectedCidrs=[OFFICE], apiPrivateCidrs=["192.168.7.0/24"]))[1]
    assert message == (
        f"apiPrivateCidrs: 192.168.7.0/24 is in none of {OFFICE}, 10.64.0.0/16: add its network to connectedCidrs"
    )
    private = ["10.9.1.0/24", "10.64.240.0/24"]
    assert list(accepted(connectedCidrs=[OFFICE], apiPrivateCidrs=private).api_private_cidrs) == private


def test_endpoints_may_be_fewer() -> None:
    assert accepted(interfaceEndpoints=["ecr.api", "ecr.dkr"]).interface_endpoints == ("ecr.api", "ecr.dkr")
    assert accepted(interfaceEndpoints=[]).interface_endpoints == ()


@pytest.mark.parametrize(
    ("names", "words"),
    [(["ecr"], "'ecr' is not an endpoint that the platform uses: choose among ecr.api"), (["sts", "sts"], "twice")],
)
def test_endpoints_are_known_and_named_once(names: list[str], words: str) -> None:
    path, message = problem(eks(interfaceEndpoints=names))
    assert path == "interfaceEndpoints"
    assert words in message
