"""The judge of content: a served model of Llama Guard's kind, asked by a module that LiteLLM loads.

LiteLLM's own Llama Guard callback needs a licence, and its `llm_as_a_judge` lets a request through whenever the judge
fails. The module lies beside config.yaml and needs neither.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.inference_gateway.extension import Extension
from components.inference_gateway.filters import Judge

_MODULE = "content_judge"
_FILE = f"{_MODULE}.py"

_VERDICT_AND_TEMPLATE_TOKENS = 1024
"""Tokens of the guard model's own instructions and verdict: Llama Guard 3 lists its hazards in about 700."""

_CHARACTERS_PER_TOKEN = 2
"""So few that a text in no matter which script fits."""


def judge_extension(judge: Judge | None) -> Extension:
    """What the judge brings to LiteLLM: its module, and the entry that loads it. Nothing without a judge."""
    if judge is None:
        return Extension()
    text = (Path(__file__).parent / "scripts" / _FILE).read_text("utf-8")
    return Extension(files={_FILE: text}, guardrails=(entry(judge),))


def entry(judge: Judge) -> dict[str, Any]:
    """Entry of `guardrails`. It is on for every request: choosing guardrails by key or team needs a licence."""
    return {
        "guardrail_name": "content-judge",
        "litellm_params": {
            "guardrail": f"{_MODULE}.ContentJudge",
            "mode": ["pre_call", "post_call"] if judge.check_answers else "pre_call",
            "default_on": True,
            "guard_model": judge.model,
            "guard_categories": list(judge.categories),
            "guard_refuses_when_unavailable": judge.when_unavailable == "refuse",
            "guard_timeout_seconds": judge.timeout_seconds,
            "guard_window_characters": window_characters(judge.context_length),
        },
    }


def window_characters(context_length: int) -> int:
    """Longest text that is shown to the guard model at once."""
    return max(1000, (context_length - _VERDICT_AND_TEMPLATE_TOKENS) * _CHARACTERS_PER_TOKEN)
