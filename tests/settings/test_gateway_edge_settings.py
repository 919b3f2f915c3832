from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stacks.arguments.gateway import edge_limits
from stacks.edge_checks import edge_errors
from stacks.schema.gateway import GatewaySettings
from stacks.settings import PlatformSettings
from tests.live.stack import local_settings, merged


def gateway(requests_per_minute: int = 60, **changes: Any) -> GatewaySettings:
    tier = {"requestsPerMinute": requests_per_minute, "tokensPerMinute": 100_000, "maxBudgetUsdPerMonth": 100}
    return GatewaySettings.model_validate({"tiers": {"free": tier}} | changes)


def problems(**edge: Any) -> list[str]:
    """What is wrong with the local stack, whose largest tier allows 3000 requests in a minute."""
    settings = merged(local_settings()["config"]["ai-platform:platform"], {"gateway": {"edge": edge}})
    return list(edge_errors(PlatformSettings.model_construct(**_parts(settings))))


def _parts(settings: dict[str, Any]) -> dict[str, Any]:
    return {"gateway": GatewaySettings.model_validate(settings["gateway"]), "cluster": None}


def test_the_limits_stand_without_a_word_about_them() -> None:
    limits = edge_limits(gateway())
    assert limits.requests_per_minute_per_address == 1200
    assert limits.requests_per_second == 1000
    assert limits.max_request_mib == 32
    assert limits.upload_seconds == 300
    assert problems() == []


def test_one_address_may_make_what_the_largest_tier_allows() -> None:
    assert edge_limits(gateway(3000)).requests_per_minute_per_address == 3000


def test_every_limit_reaches_the_edge() -> None:
    edge = {
        "requestsPerMinutePerAddress": 90,
        "requestsPerSecond": 7,
        "maxRequestMib": 64,
        "connectionsPerProxy": 500,
    }
    limits = edge_limits(gateway(edge=edge, timeouts={"uploadSeconds": 60}))
    assert limits.requests_per_minute_per_address == 90
    assert (limits.requests_per_second, limits.max_request_mib) == (7, 64)
    assert (limits.connections, limits.upload_seconds) == (500, 60)


def test_an_address_must_be_able_to_make_what_a_tier_allows() -> None:
    [problem] = problems(requestsPerMinutePerAddress=600)
    assert problem == (
        "gateway.edge.requestsPerMinutePerAddress: 600 refuse what one team of tier 'enterprise' may make from one "
        "address, 3000 in a minute: raise it to 3000 or more"
    )
    assert problems(requestsPerMinutePerAddress=3000) == []


def test_one_address_is_not_allowed_more_than_everybody_together() -> None:
    [problem] = problems(requestsPerSecond=49)
    assert problem == (
        "gateway.edge.requestsPerSecond: 49 in a second are 2940 in a minute for everybody together, and one address "
        "may make 3000: raise it to 50 or more"
    )
    assert problems(requestsPerSecond=50) == []


@pytest.mark.parametrize(
    "edge", [{"maxRequestMib": 0}, {"maxRequestMib": 4096}, {"requestsPerSecond": 0}, {"wafRules": True}]
)
def test_numbers_without_sense_and_unknown_keys_are_refused(edge: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        gateway(edge=edge)
