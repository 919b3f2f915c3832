from __future__ import annotations

import pytest

from stacks.arguments.gateway import _open_models


@pytest.mark.parametrize(
    ("team", "tier", "expected"),
    [
        (("*",), ("*",), ()),
        (("*",), ("small",), ("small",)),
        (("small",), ("*",), ("small",)),
        (("small",), ("small", "large"), ("small",)),
    ],
)
def test_a_team_may_call_what_both_it_and_its_tier_allow(
    team: tuple[str, ...], tier: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert _open_models(team, tier) == expected
