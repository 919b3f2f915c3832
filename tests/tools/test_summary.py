from __future__ import annotations

from tests.stacks.conftest import rendered_stack
from tools.deploy.summary import without_pods


def test_a_rehearsal_names_the_models_that_have_no_pods() -> None:
    assert without_pods(rendered_stack("local")) == ("gpt-oss-20b (Rollout)", "qwen3-14b (scaled up from 0)")
