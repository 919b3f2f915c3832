"""The load generator of the bench counts what it sends and stops at a wrong answer."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tools.bench.load import Answered, Load, run
from tools.servers.fake_servers import FakeModel

BODY = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeModel]:
    with FakeModel.of(tmp_path, ["m"], key="k") as started:
        yield started


def test_as_many_requests_are_sent_as_asked_for_and_each_is_timed(server: FakeModel) -> None:
    load = Load(
        url=f"{server.process.url}/v1/chat/completions",
        body=BODY,
        requests=25,
        concurrency=4,
        headers={"Authorization": "Bearer k"},
    )
    answered = run(load)
    assert len(answered.seconds) == len(server.requests) == 25
    assert 0 < answered.quantile(0.5) <= answered.quantile(0.95) <= answered.total_seconds
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run(replace(load, headers={}))
    assert "answered 401" in failed.value.stderr


def test_quantiles_are_those_of_the_sorted_times() -> None:
    answered = Answered(seconds=tuple(range(1, 101)), total_seconds=50)
    assert (answered.quantile(0.5), answered.quantile(0.95), answered.quantile(1)) == (51, 96, 100)
    assert answered.per_second == 2
