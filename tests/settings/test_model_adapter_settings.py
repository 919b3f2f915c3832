from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stacks.adapter_checks import adapter_errors
from stacks.arguments.model import adapters, server_options
from stacks.schema.model_remote_code import RemoteCodeSettings
from stacks.schema.models import ModelSettings
from stacks.schema.teams import TeamSettings
from stacks.serving import model_problems, serving
from tests.settings.test_model_settings import ARCHITECTURE, POOL, model, refusal

LEGAL: dict[str, Any] = {"name": "legal-style", "s3": "s3://models/adapters/legal"}
SUPPORT: dict[str, Any] = {"name": "support-tone", "s3": "s3://models/adapters/support", "rank": 8}
REASON = "files of this commit read on 2026-11-20"


def team(**changes: Any) -> TeamSettings:
    fields: dict[str, Any] = {"name": "legal", "group": "legal", "tier": "pro", "dataClass": "internal"}
    fields |= {"budgetUsdPerMonth": 10, "models": ["*"]}
    return TeamSettings.model_validate({key: value for key, value in (fields | changes).items() if value is not None})


def test_adapters_get_slots_of_the_settings() -> None:
    settings = model(adapters=[LEGAL, SUPPORT])
    assert (serving(settings).adapter_slots, serving(settings).adapter_rank) == (2, 16)
    wide = model(adapters=[LEGAL | {"rank": 64}], adapterSlots={"count": 3, "rank": 64})
    assert (serving(wide).adapter_slots, serving(wide).adapter_rank) == (3, 64)


def test_many_adapters_share_four_slots_unless_the_settings_say_more() -> None:
    many = [LEGAL | {"name": f"a{n}"} for n in range(9)]
    assert serving(model(adapters=many)).adapter_slots == 4
    assert serving(model(adapters=many, adapterSlots={"count": 9})).adapter_slots == 9


def test_a_model_without_adapters_has_no_slots() -> None:
    assert (serving(model()).adapter_slots, serving(model()).adapter_rank) == (0, 0)
    assert adapters(model()) is None


def test_an_adapter_may_have_been_trained_on_any_name_of_its_model() -> None:
    found = adapters(model(adapters=[LEGAL | {"baseModel": "acme/sft"}], baseModel="Qwen/Qwen3-8B"))
    assert found is not None
    assert set(found.bases) == {"Qwen/Qwen3-8B"}
    assert [(adapter.name, adapter.prefix, adapter.base) for adapter in found.adapters] == [
        ("legal-style", "adapters/legal", "acme/sft")
    ]


def test_a_rank_above_the_slot_is_refused_with_the_slot_that_would_do() -> None:
    message = refusal(adapters=[SUPPORT, LEGAL | {"rank": 40}])
    assert "adapters[1].rank: 40 is above the 16 of a slot; set adapterSlots.rank: 64" in message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"task": "embedding", "adapters": [LEGAL]}, "task embedding cannot have any: merge an adapter"),
        ({"adapterSlots": {"count": 2}}, "adapterSlots: there are no adapters"),
        ({"adapters": [LEGAL], "adapterSlots": {"rank": 24}}, "Input should be 8, 16, 32"),
        ({"adapters": [LEGAL | {"rank": 513}]}, "less than or equal to 512"),
        ({"adapters": [LEGAL | {"s3": "s3://other/adapters/legal"}]}, "is not s3://models/<folder>"),
        ({"adapters": [LEGAL | {"s3": "s3://models/adapters/../secrets"}]}, "none begins with a dot"),
        ({"adapters": [LEGAL | {"s3": "s3://models/adapters/legal/"}]}, "no slash at the end"),
        ({"media": {"images": 2}}, "media: task chat takes no images"),
        ({"media": {"videos": 2}}, "videos: 2 of a request take memory that the fit check cannot work out"),
        ({"media": {"videoMemoryGib": 4.5}}, "videoMemoryGib: a request has no videos"),
        (
            {"task": "image-embedding", "media": {"videos": 1, "videoMemoryGib": 1}},
            "media.videos: task image-embedding takes one image or one text",
        ),
        ({"task": "completion", "chatTemplate": "{{ x }}"}, "chatTemplate: task completion has no messages"),
        ({"trustRemoteCode": {"reason": "because"}}, "at least 10 characters"),
        ({"trustRemoteCode": {"reason": " " * 12}}, "say who read the files"),
        ({"toolCallParser": "hermess"}, "'hermes'"),
        ({"reasoningParser": "qwen4"}, "'qwen3'"),
    ],
)
def test_what_cannot_work_is_refused_with_the_fix(changes: dict[str, Any], words: str) -> None:
    assert words in refusal(**changes)


def test_options_of_the_server_come_from_the_settings() -> None:
    options = server_options(
        model(
            toolCallParser="hermes",
            reasoningParser="qwen3",
            maxQueuedRequests=0,
            chatTemplate="{{ messages }}",
            configOverrides={"rope_scaling": {"factor": 2.0}},
            trustRemoteCode={"reason": REASON},
        )
    )
    assert (options.tool_call_parser, options.reasoning_parser) == ("hermes", "qwen3")
    assert options.max_queued == 0
    assert options.chat_template == "{{ messages }}"
    assert options.overrides == {"rope_scaling": {"factor": 2.0}}
    assert options.remote_code_reason == REASON
    assert server_options(model()).overrides is None
    assert server_options(model()).remote_code_reason is None


def test_remote_code_needs_pinned_weights_at_preview() -> None:
    allowed = model(trustRemoteCode={"reason": REASON})
    assert model_problems([allowed], [POOL]) == []
    bucket = model(weights={"s3": "s3://models/own/m"}, baseModel="Qwen/Qwen3-8B", trustRemoteCode={"reason": REASON})
    (problem,) = model_problems([bucket], [POOL])
    assert problem.startswith("models[0].trustRemoteCode: trustRemoteCode needs weights that cannot change")


def test_a_described_model_that_needs_remote_code_is_refused_without_a_reason() -> None:
    needy = {"architecture": ARCHITECTURE | {"remoteCode": True}, "gpu": {"pool": "l40s", "count": 1}}
    (problem,) = model_problems([model(**needy)], [POOL])
    assert "only runs with Python files of its repository" in problem
    assert model_problems([model(**needy, trustRemoteCode={"reason": REASON})], [POOL]) == []


def test_an_adapter_for_unknown_or_closed_teams_is_an_error() -> None:
    restricted = model(adapters=[LEGAL | {"teams": ["legal", "nobody"]}, SUPPORT])
    problems = list(adapter_errors([restricted], [team(models=["qwen3-8b"]), team(name="other")]))
    assert len(problems) == 2
    assert problems[0].startswith("models[0].adapters[0].teams: team 'legal' could not call 'legal-style': add it to ")
    assert "no team is called 'nobody'; there are legal, other" in problems[1]
    assert not list(adapter_errors([model(adapters=[LEGAL | {"teams": ["legal"]}])], [team()]))


def test_a_reason_is_one_line() -> None:
    with pytest.raises(ValidationError):
        RemoteCodeSettings.model_validate({"reason": "first line of it\nsecond line"})
    assert ModelSettings.model_fields["trust_remote_code"].default is None
