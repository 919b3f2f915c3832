"""What the engine sends becomes plain data, and what is unknown can never be used as a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from policies.fields import Field, MalformedError, any_known
from policies.normalise import (
    REDACTED,
    SECRET_SIGNATURE,
    SIGNATURE_KEY,
    UNKNOWN_SENTINELS,
    Unknown,
    UnknownValueError,
    normalise,
)


class HiddenError(Exception):
    """Stands for the SDK's own exception."""


class Proxy(Mapping[str, Any]):
    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members

    def __getitem__(self, key: str) -> Any:
        if self._members[key] == "hidden":
            raise HiddenError
        return self._members[key]

    def __iter__(self):
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


USES: dict[str, Callable[[Unknown], object]] = {
    "truth": bool,
    "equality": lambda value: value == "x",
    "inequality": lambda value: value != "x",
    "reflected equality": lambda value: value == "x",
    "order": lambda value: value < 3,
    "membership": lambda value: "x" in value,
    "being in a list": lambda value: value in ["x"],
    "being in a set": lambda value: value in {"x"},
    "iteration": list,
    "length": len,
    "indexing": lambda value: value[0],
    "text": str,
    "formatting": lambda value: f"{value}",
    "number": int,
    "method": lambda value: value.startswith("x"),
    "addition": lambda value: value + "x",
}


@pytest.mark.parametrize("use", USES)
def test_no_use_of_an_unknown_value_gives_an_answer(use: str) -> None:
    with pytest.raises(UnknownValueError, match=r"spec\.x"):
        USES[use](Unknown("spec.x"))


@pytest.mark.parametrize("sentinel", sorted(UNKNOWN_SENTINELS))
def test_every_sentinel_of_the_engine_becomes_unknown(sentinel: str) -> None:
    field = Field(normalise({"a": [{"b": sentinel}]}).value)
    with pytest.raises(UnknownValueError, match=r"a\[0\]\.b"):
        _ = field.at("a").items()[0].at("b").value


def test_whole_floats_become_integers_and_others_stay() -> None:
    assert normalise({"a": 3.0, "b": 0.5, "c": True, "d": None}).value == {"a": 3, "b": 0.5, "c": True, "d": None}
    assert normalise({"c": True}).value["c"] is True


def test_a_proxy_member_that_refuses_to_be_read_becomes_unknown_and_its_neighbours_stay() -> None:
    plain = normalise(Proxy({"a": "hidden", "b": Proxy({"c": "hidden"}), "d": 1.0}), unreadable=(HiddenError,)).value
    assert Field(plain).at("d").value == 1
    for keys in (("a",), ("b", "c")):
        with pytest.raises(UnknownValueError):
            _ = Field(plain).at(*keys).value


def test_sequences_become_lists_that_compare_like_lists() -> None:
    class Items(Sequence[str]):
        def __getitem__(self, index: Any) -> Any:
            return ("ALL",)[index]

        def __len__(self) -> int:
            return 1

    assert normalise({"drop": Items()}).value == {"drop": ["ALL"]}


def test_secrets_are_unwrapped_and_their_paths_are_kept() -> None:
    wrapped = {SIGNATURE_KEY: SECRET_SIGNATURE, "value": "canary"}
    result = normalise({"data": {"a.b": wrapped}, "list": [wrapped]})
    assert result.value == {"data": {"a.b": "canary"}, "list": ["canary"]}
    assert result.secret_paths == ('data["a.b"]', "list[0]")


def test_a_secret_without_its_value_is_redacted() -> None:
    assert normalise({"x": {SIGNATURE_KEY: SECRET_SIGNATURE, "ciphertext": "v1:…"}}).value == {"x": REDACTED}


def test_reading_below_something_that_is_no_object_is_malformed() -> None:
    with pytest.raises(MalformedError, match="must be an object"):
        Field({"spec": "text"}).at("spec", "replicas")


def test_null_and_missing_are_the_same() -> None:
    assert not Field({"a": None}).at("a").present
    assert not Field({}).at("a", "b", "c").present


@pytest.mark.parametrize(
    ("items", "expected"),
    [([1, 2], True), ([1, 3], False), ([2, Unknown("x")], True), ([Unknown("x"), 2], True), ([], False)],
)
def test_any_known_finds_a_match_beside_an_unknown(items: list[Any], expected: bool) -> None:
    assert any_known(items, lambda item: bool(item == 2)) is expected


def test_any_known_does_not_say_none_while_one_is_unknown() -> None:
    with pytest.raises(UnknownValueError):
        any_known([1, Unknown("x")], lambda item: bool(item == 2))
