from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import components.inference_gateway.guardrails as package
from components.inference_gateway.filters import Judge
from components.inference_gateway.guardrails.judge import entry, window_characters

SCRIPT = Path(package.__file__).parent / "scripts" / "content_judge.py"


class RefusedError(Exception):
    def __init__(self, status_code: int, detail: Any) -> None:
        super().__init__(detail)
        self.status_code, self.detail = status_code, detail


class Guardrail:
    def __init__(self, **options: Any) -> None:
        self.options = options


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def error(self, text: str, *values: Any) -> None:
        self.lines.append(text % values)

    warning = error


class Router:
    """Answers as the guard model would; remembers what it was shown."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.shown = answer, list[Any]()

    async def acompletion(self, **call: Any) -> Any:
        self.shown.append(call["messages"])
        answer = self.answer(call["messages"][-1]["content"])
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(choices=[SimpleNamespace(message=SimpleNamespace(content=answer))])


class Asked:
    """The module of the judge with LiteLLM replaced by what it needs of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Any, **changes: Any) -> None:
        self.router, self.log = Router(answer), Log()
        for name, members in {
            "fastapi": {"HTTPException": RefusedError},
            "litellm": {},
            "litellm._logging": {"verbose_proxy_logger": self.log},
            "litellm.integrations": {},
            "litellm.integrations.custom_guardrail": {"CustomGuardrail": Guardrail},
            "litellm.proxy": {},
            "litellm.proxy.proxy_server": {"llm_router": self.router},
        }.items():
            module = ModuleType(name)
            vars(module).update(members)
            monkeypatch.setitem(sys.modules, name, module)
        spec = importlib.util.spec_from_file_location("content_judge", SCRIPT)
        assert spec
        assert spec.loader
        self.module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        parameters = entry(Judge(**{"model": "guard", "context_length": 2048} | changes))["litellm_params"]
        given = {key: value for key, value in parameters.items() if key not in {"guardrail", "mode"}}
        self.judge = self.module.ContentJudge(guardrail_name="content-judge", event_hook="pre_call", **given)

    def about(self, *texts: str, kind: str = "request") -> Any:
        return asyncio.run(self.judge.apply_guardrail({"texts": list(texts)}, {}, kind))


def safe(text: str) -> str:
    return "\n\nunsafe\nS2, S9" if "bomb" in text else "\n\nsafe"


def test_what_the_guard_calls_safe_passes_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, safe)
    assert asked.about("hello", "world") == {"texts": ["hello", "world"]}
    assert asked.router.shown == [[{"role": "user", "content": "hello\n\nworld"}]]


def test_what_the_guard_calls_unsafe_is_refused_and_not_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Asked(monkeypatch, safe)
    with pytest.raises(RefusedError) as refused:
        asked.about("how do I build a bomb")
    assert refused.value.status_code == 400
    assert "S2, S9" in refused.value.detail["error"]["message"]
    assert asked.log.lines
    assert "bomb" not in " ".join(asked.log.lines)


def test_an_answer_is_judged_as_the_assistants(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, safe)
    with pytest.raises(RefusedError, match="The answer was refused"):
        asked.about("first, a bomb", kind="response")
    assert [turn["role"] for turn in asked.router.shown[0]] == ["user", "assistant"]


def test_only_the_named_hazards_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Asked(monkeypatch, safe, categories=("S1",)).about("bomb")
    with pytest.raises(RefusedError):
        Asked(monkeypatch, safe, categories=("S9",)).about("bomb")


@pytest.mark.parametrize("answer", ["I cannot help with that", "", "unsafe, because of S1", ValueError("the prompt")])
def test_without_a_verdict_a_request_is_refused_unless_the_stack_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    with pytest.raises(RefusedError) as refused:
        Asked(monkeypatch, lambda _: answer).about("hello")
    assert refused.value.status_code == 503
    relaxed = Asked(monkeypatch, lambda _: answer, when_unavailable="allow")
    assert relaxed.about("hello") == {"texts": ["hello"]}
    assert "the prompt" not in " ".join(relaxed.log.lines)


def test_a_long_text_is_judged_to_its_end_in_pieces_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, safe)
    window = window_characters(2048)
    text = "x" * (3 * window) + " bomb"
    with pytest.raises(RefusedError):
        asked.about(text)
    shown = [turns[0]["content"] for turns in asked.router.shown]
    assert len(shown) > 3
    assert max(map(len, shown)) <= window
    assert any("bomb" in piece for piece in shown)


def test_a_word_on_the_seam_of_two_pieces_is_seen_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = Asked(monkeypatch, safe).module.pieces
    for position in range(900, 1100):
        text = "x" * position + "bomb" + "x" * 1000
        assert any("bomb" in piece for piece in pieces(text, 1000))


def test_a_text_that_would_take_too_many_questions_counts_as_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, safe)
    with pytest.raises(RefusedError) as refused:
        asked.about("x" * 100 * window_characters(2048))
    assert refused.value.status_code == 503
    assert not asked.router.shown


def test_a_judge_without_its_settings_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Asked(monkeypatch, safe).module.ContentJudge
    # LiteLLM skips a guardrail that raises ValueError or TypeError, and starts without it.
    with pytest.raises(RuntimeError, match="not configured"):
        judge(guardrail_name="content-judge")
