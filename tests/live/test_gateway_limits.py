"""Limits in the real LiteLLM: requests per minute of whoever asks, and the budget of a deployment.

Keys of teams need the database and cannot be had on loopback. `custom_auth` stands for them here: it is LiteLLM's own
way in for callers that another system knows, and its limits run through the same limiter. A deployment's budget is
added to the configuration, because no setting of a stack names one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.gateway import Gateway, running_gateway
from tests.live.models import LARGE, MODELS, SMALL

pytestmark = pytest.mark.xdist_group("live-gateway-routing")

ALLOWED = 3
BUDGET_USD = 0.00001
AUTHENTICATION = f"""
from fastapi import HTTPException
from litellm.proxy._types import UserAPIKeyAuth

async def caller(request, api_key):
    if not api_key.startswith("caller-"):
        raise HTTPException(status_code=401, detail="unknown caller")
    return UserAPIKeyAuth(api_key=api_key, rpm_limit={ALLOWED} if api_key == "caller-limited" else None)
"""


def _limit(config: dict[str, Any]) -> None:
    config["general_settings"] |= {"custom_auth": "callers.caller"}
    for entry in config["model_list"]:
        if entry["model_name"] == LARGE:
            entry["litellm_params"] |= {"max_budget": BUDGET_USD, "budget_duration": "1d"}


@pytest.fixture(scope="module")
def gateway(litellm_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("limits")
    with running_gateway(folder, {"models": MODELS}, change=_limit, files={"callers.py": AUTHENTICATION}) as running:
        yield running


@pytest.fixture(autouse=True)
def calm(gateway: Gateway) -> None:
    gateway.calm()


def test_more_requests_in_a_minute_than_allowed_get_429_and_reach_no_model(gateway: Gateway) -> None:
    statuses = [gateway.chat(SMALL, key="caller-limited").status_code for _ in range(ALLOWED + 2)]
    assert statuses == [200] * ALLOWED + [429] * 2
    assert len(gateway.models[SMALL].requests) == ALLOWED
    assert gateway.chat(SMALL, key="caller-free").status_code == 200


def test_a_refusal_by_rate_limit_says_when_to_come_again(gateway: Gateway) -> None:
    refused = [gateway.chat(SMALL, key="caller-limited") for _ in range(ALLOWED + 1)][-1]
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) <= 60


def test_whoever_is_not_known_is_refused(gateway: Gateway) -> None:
    assert gateway.chat(SMALL, key="stranger").status_code == 401
    assert gateway.models[SMALL].requests == []


def test_a_deployment_whose_budget_is_spent_answers_429(gateway: Gateway) -> None:
    first = gateway.chat(LARGE, "a question of quite a few words that costs more than there is", key="caller-free")
    assert float(first.headers["x-litellm-response-cost"]) > BUDGET_USD
    statuses = [gateway.chat(LARGE, key="caller-free").status_code for _ in range(5)]
    assert 429 in statuses
    assert statuses[-1] == 429
    assert gateway.chat(SMALL, key="caller-free").status_code == 200
