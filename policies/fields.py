"""A place inside an object: its value and its path, read so that nothing unknown or misshapen passes unnoticed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from policies.normalise import Unknown, UnknownValueError, join

Item = TypeVar("Item")


class MalformedError(Exception):
    """The object does not have the shape that its kind demands at `path`."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"must be {expected}")
        self.path = path


class Field:
    """Reading raises UnknownValueError where the value is unknown and MalformedError where its shape is wrong.

    A missing member and `null` are the same, as for the Kubernetes API.
    """

    __slots__ = ("_raw", "path")

    def __init__(self, raw: object, path: str = "") -> None:
        self._raw = raw
        self.path = path

    def at(self, *keys: str) -> Field:
        """The member reached by `keys`; an absent Field when one of them is missing."""
        raw, path = self._raw, self.path
        for key in keys:
            if isinstance(raw, dict):
                raw = cast("dict[str, object]", raw).get(key)
            elif isinstance(raw, Unknown):
                raise UnknownValueError(raw.path)
            elif raw is not None:
                raise MalformedError(path, "an object")
            path = join(path, key)
        return Field(raw, path)

    @property
    def value(self) -> object:
        """The raw value. Containers may still hold unknowns: read those member by member, or with `plain`."""
        if isinstance(self._raw, Unknown):
            raise UnknownValueError(self._raw.path)
        return self._raw

    @property
    def present(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    @property
    def mentioned(self) -> bool:
        """Whether the key is set at all, be it to something unknown."""
        return self._raw is not None

    @property
    def unknown(self) -> bool:
        """Whether the value is unknown. For naming things; a rule that decides reads `value`."""
        return isinstance(self._raw, Unknown)

    def text(self) -> str:
        """A string, empty when absent."""
        value = self.value
        if value is None:
            return ""
        if not isinstance(value, str):
            raise MalformedError(self.path, "a string")
        return value

    def items(self) -> list[Field]:
        """The members of a list, none when absent."""
        value = self.value
        if value is None:
            return []
        if not isinstance(value, list):
            raise MalformedError(self.path, "a list")
        return [Field(item, join(self.path, index)) for index, item in enumerate(cast("list[object]", value))]

    def entries(self) -> list[tuple[str, Field]]:
        """The members of an object, none when absent."""
        value = self.value
        if value is None:
            return []
        if not isinstance(value, dict):
            raise MalformedError(self.path, "an object")
        return [(key, Field(item, join(self.path, key))) for key, item in cast("dict[str, object]", value).items()]

    def strings(self) -> dict[str, str]:
        """An object of strings, such as labels."""
        return {key: item.text() for key, item in self.entries()}

    def plain(self) -> object:
        """The value with everything in it known."""
        value = self.value
        if isinstance(value, dict):
            return {key: item.plain() for key, item in self.entries()}
        if isinstance(value, list):
            return [item.plain() for item in self.items()]
        return value

    def parsed(self, read: Callable[[Any], Item], expected: str) -> Item:
        """What `read` makes of the plain value. Raises MalformedError, naming what was `expected`, when it cannot."""
        plain = self.plain()
        try:
            return read(plain)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise MalformedError(self.path, expected) from error


def any_known(items: Iterable[Item], holds: Callable[[Item], bool]) -> bool:
    """Whether `holds` for some item, in three values.

    Raises UnknownValueError when it holds for no known item and some item cannot be decided: one unknown neighbour
    must neither hide a match nor make "none" certain.
    """
    undecided: UnknownValueError | None = None
    for item in items:
        try:
            if holds(item):
                return True
        except UnknownValueError as error:
            undecided = undecided or error
    if undecided:
        raise undecided
    return False
