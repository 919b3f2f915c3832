"""What a repeated `make up` calls changed."""

from __future__ import annotations

from typing import Any

import pytest

from tools.deploy.objects import FIELD_MANAGER, changed_by_us


def live(time: str, **metadata: Any) -> dict[str, Any]:
    entries = [{"manager": FIELD_MANAGER, "time": time}, {"manager": "a-controller", "time": "2026-11-21T12:00:00Z"}]
    return {"metadata": {"managedFields": entries} | metadata}


BEFORE, AFTER = "2026-11-21T09:00:00Z", "2026-11-21T10:00:00Z"


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        pytest.param(live(BEFORE), live(BEFORE), False, id="left alone"),
        pytest.param(live(BEFORE), live(AFTER), True, id="without generations the time decides"),
        pytest.param(live(BEFORE, generation=1), live(AFTER, generation=2), True, id="a new spec"),
        pytest.param(live(BEFORE, generation=1), live(AFTER, generation=1), False, id="a new time and nothing else"),
        pytest.param(live(BEFORE, generation=1), live(BEFORE, generation=2), False, id="somebody else changed it"),
        pytest.param(
            live(BEFORE, generation=1, labels={"a": "b"}),
            live(AFTER, generation=1, labels={"a": "c"}),
            True,
            id="a new label",
        ),
        pytest.param(
            live(BEFORE, generation=1), live(AFTER, generation=1, annotations={"a": "c"}), True, id="a new annotation"
        ),
    ],
)
def test_an_object_is_changed_when_this_program_changed_it(
    before: dict[str, Any], after: dict[str, Any], changed: bool
) -> None:
    assert changed_by_us(before, after) is changed
