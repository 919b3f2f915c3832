"""How many and how large requests the real Envoy lets through, by the rules of the rendered gateway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.base.handles import FrontProxy, LoadBalancer
from components.base.wiring import External
from components.inference_gateway.edge_limits import EdgeLimits
from tests.live.counting import counting_service
from tests.live.edge import RunningEdge, running_edge
from tools.simulator.ports import LOOPBACK

KEY = "Bearer sk-Virtual_key-1"
LIMIT = 12


@pytest.fixture
def edge(envoy_environment: Path, tmp_path: Path) -> Iterator[RunningEdge]:
    with running_edge(tmp_path, EdgeLimits(requests_per_minute_per_address=LIMIT, max_request_mib=1)) as running:
        yield running


def statuses(edge: RunningEdge, authorization: str, count: int) -> list[int]:
    return [edge.get(authorization=authorization).status_code for _ in range(count)]


def test_one_address_makes_no_more_requests_than_it_may(edge: RunningEdge) -> None:
    found = statuses(edge, KEY, LIMIT + 3)
    assert found == [200] * LIMIT + [429] * 3


def test_whoever_tries_tokens_is_counted_too(edge: RunningEdge) -> None:
    found = statuses(edge, "Bearer not.a.token", LIMIT + 3)
    assert found == [401] * LIMIT + [429] * 3


def test_a_request_that_is_too_large_is_refused_and_never_reaches_the_gateway(edge: RunningEdge) -> None:
    headers = {"Authorization": KEY}
    with edge.client() as client:
        just = client.post("/v1/audio/transcriptions", content=b"x" * (1024 * 1024), headers=headers)
        assert just.status_code == 200
        assert just.json()["size"] == 1024 * 1024
        above = client.post("/v1/audio/transcriptions", content=b"x" * (1024 * 1024 + 1), headers=headers)
        assert above.status_code == 413

        def pieces() -> Iterator[bytes]:
            for _ in range(20):
                yield b"x" * 65536

        # Without a length in advance the size shows only on the way.
        assert client.post("/v1/audio/transcriptions", content=pieces(), headers=headers).status_code == 413


def test_whoever_has_no_credential_is_refused_before_the_body_is_taken_in(edge: RunningEdge) -> None:
    with edge.client() as client:
        assert client.post("/v1/chat/completions", content=b"x" * (2 * 1024 * 1024)).status_code == 401


def test_behind_a_front_proxy_the_address_that_it_added_is_counted(envoy_environment: Path, tmp_path: Path) -> None:
    front = FrontProxy(source=External(name="front", cidrs=("10.0.0.0/8",)), idle_seconds=60)
    balancer = LoadBalancer(address_kind="hostname", annotations={}, front_proxy=front)
    limits = EdgeLimits(requests_per_minute_per_address=LIMIT)
    with running_edge(tmp_path, limits, balancer) as edge:

        def one(forwarded: str) -> int:
            return edge.get(authorization=KEY, x_forwarded_for=forwarded).status_code

        # What comes before the last entry is what the client says of itself.
        first = [one(f"198.51.100.{number}, 203.0.113.7") for number in range(LIMIT + 2)]
        assert first == [200] * LIMIT + [429] * 2
        assert one("203.0.113.8") == 200


def test_all_proxies_count_together_by_the_service(envoy_environment: Path, tmp_path: Path) -> None:
    limits = EdgeLimits(requests_per_minute_per_address=90, requests_per_second=7)
    with counting_service() as service, running_edge(tmp_path, limits, rate_limit=service.address) as edge:
        assert edge.get(authorization=KEY).status_code == 200
        assert edge.get(authorization="Bearer not.a.token").status_code == 401
        assert edge.get("/key/generate", authorization=KEY).status_code == 404
        by_key, by_token = service.asked
        # The route makes no difference: both kinds of callers share one count of their address, and one in total.
        assert by_key == by_token
        domain, descriptors = by_key
        address, total = descriptors
        assert address[-1][1] == "127.0.0.1"
        assert address[0] != total[0]
        assert domain
        service.refuses = True
        assert edge.get(authorization=KEY).status_code == 429
        assert edge.get(authorization="Bearer not.a.token").status_code == 429


def test_requests_pass_while_the_service_is_away_and_addresses_are_still_counted(
    envoy_environment: Path, tmp_path: Path
) -> None:
    limits = EdgeLimits(requests_per_minute_per_address=LIMIT)
    with running_edge(tmp_path, limits, rate_limit=f"{LOOPBACK}:1") as edge:
        assert statuses(edge, KEY, LIMIT + 1) == [200] * LIMIT + [429]
