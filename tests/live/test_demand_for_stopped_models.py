"""What the real LiteLLM counts when a model has no replica: this is what starts one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.vllm_model.scaling.queries import demand_query
from tests.live.gateway import Gateway, running_gateway
from tests.live.models import LARGE, MODELS, SMALL

pytestmark = pytest.mark.xdist_group("live-demand")

CASCADE = "auto"
SETTINGS = {
    "models": MODELS,
    "gateway": {
        "fallbacks": {LARGE: [SMALL]},
        "cascade": [{"name": CASCADE, "simple": SMALL, "complex": SMALL}],
    },
}


@pytest.fixture(scope="module")
def gateway(litellm_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running_gateway(tmp_path_factory.mktemp("demand"), SETTINGS) as running:
        for model in (SMALL, LARGE):
            running.models[model].process.stop()
        yield running


def counted(gateway: Gateway, names: tuple[str, ...]) -> float:
    """Sum of the samples that the demand query of `names` selects."""
    selectors = set(re.findall(r"(litellm_\w+)\{(\w+)=~\"([^\"]+)\"", demand_query(names)))
    assert len(selectors) == 2
    total = 0.0
    for sample, value in gateway.metrics().items():
        metric, _, labels = sample.partition("{")
        unauthorized = re.search(r'status_code="40[13]"', labels)
        for counter, label, pattern in selectors:
            if metric == counter and not unauthorized and re.search(rf'\b{label}="({pattern})"', labels):
                total += value
    return total


def test_the_first_request_for_a_stopped_model_is_refused_and_counted(gateway: Gateway) -> None:
    before = counted(gateway, (SMALL,))
    answer = gateway.chat(SMALL)
    assert answer.status_code == 503
    assert "it may be starting" in answer.json()["error"]["message"]
    assert int(answer.headers["retry-after"]) > 0
    assert counted(gateway, (SMALL,)) > before


def test_requests_keep_counting_while_the_gateway_leaves_the_model_alone(gateway: Gateway) -> None:
    for _ in range(3):
        before = counted(gateway, (SMALL,))
        answer = gateway.chat(SMALL)
        assert answer.status_code == 503
        assert counted(gateway, (SMALL,)) > before


def test_a_request_for_a_cascade_is_demand_for_its_models(gateway: Gateway) -> None:
    before = counted(gateway, (SMALL, CASCADE))
    assert gateway.chat(CASCADE).status_code == 503
    assert counted(gateway, (SMALL, CASCADE)) > before


def test_a_fallback_is_demand_for_the_model_that_it_leads_to(gateway: Gateway) -> None:
    before = counted(gateway, (SMALL,))
    assert gateway.chat(LARGE).status_code == 503
    assert counted(gateway, (SMALL,)) > before
