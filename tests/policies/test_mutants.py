"""The trial of mutants itself: it changes what decides, leaves alone what does not, and believes no broken test."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.rules import REGISTRY, pod_host
from tests.stacks.conftest import ROOT
from tools.mutants.command import score
from tools.mutants.errors import MutantsError
from tools.mutants.generate import Mutant, mutants_of
from tools.mutants.trial import Target, Trial

SOURCE = '''"""What it is about."""

from policies.findings import Violation

LIMIT = 3
"""Why three."""


def check(field: "Field") -> "Outcomes":
    if field.value > LIMIT and field.at("name").text() != "own":
        yield Violation(field.path, "must be at most three, because of this and that")


RULES = (Rule(id="XXX-01", title="Few", remediation="Take fewer."),)
'''


def _changes(source: str) -> set[str]:
    return {f"{mutant.before.strip()} -> {mutant.after.strip()}" for mutant in mutants_of(source)}


@pytest.mark.parametrize(
    "change",
    ["3 -> 4", "> LIMIT -> >= LIMIT", '"name" -> "XXnameXX"', '"own" -> "XXownXX"', '!= "own" -> == "own"'],
)
def test_what_decides_is_changed(change: str) -> None:
    assert change in _changes(SOURCE)


def test_what_decides_nothing_is_left_alone() -> None:
    before = {mutant.before for mutant in mutants_of(SOURCE)}
    assert not any("because" in text and "Violation" not in text for text in before)
    assert not any(word in " ".join(before) for word in ("Why three", "What it is about", "Take fewer", "Outcomes"))


def test_no_two_mutants_are_the_same_program() -> None:
    sources = [mutant.source for mutant in mutants_of(SOURCE)]
    assert len(sources) == len(set(sources))
    assert SOURCE not in sources


def _trial() -> tuple[Trial, str]:
    path = Path(pod_host.__file__)
    return Trial(Target.load(path, ROOT), ROOT), path.read_text("utf-8")


def test_a_mutant_that_lets_something_pass_is_noticed() -> None:
    trial, source = _trial()
    broken = source.replace('at("hostNetwork")', 'at("hostNet")')
    assert broken != source
    assert not trial.survives(Mutant(1, "", "", broken))


def test_a_mutant_that_does_not_even_import_is_noticed() -> None:
    trial, source = _trial()
    assert not trial.survives(Mutant(1, "", "", f"{source}\nraise RuntimeError"))


def test_the_module_and_the_registry_are_as_before_after_a_trial() -> None:
    trial, source = _trial()
    before = dict(pod_host.__dict__), list(REGISTRY)
    trial.survives(Mutant(1, "", "", source.replace('at("hostNetwork")', 'at("hostNet")')))
    assert (dict(pod_host.__dict__), list(REGISTRY)) == before


def test_tests_that_fail_without_any_change_prove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trial, "survives", lambda _self, _mutant: False)
    with pytest.raises(MutantsError, match="its tests fail as it is"):
        score(Path(pod_host.__file__), ROOT, every=1)


def test_a_sample_is_the_same_one_every_time_and_about_as_large_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trial, "survives", lambda _self, mutant: not mutant.before)
    path = Path(pod_host.__file__)
    whole, *samples = (score(path, ROOT, every=every).mutants for every in (1, 4, 4))
    assert samples[0] == samples[1]
    assert whole / 8 < samples[0] < whole / 2
