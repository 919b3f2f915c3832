"""A vLLM command line, as a container states it.

Spelling follows vLLM 0.33 (`FlexibleArgumentParser`): `--flag=value` and `--flag value`, underscores for dashes, the
last of several counts, `--no-flag` takes a switch back. The first argument is the model; AI-40 refuses a server whose
first argument is anything else, so that a path that is not known yet hides none of the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from policies.fields import Field, MalformedError
from policies.normalise import UnknownValueError

Value = TypeVar("Value")

_MULTIPLES = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True, eq=False)
class Option:
    """One flag as given. `value` is its text, None for a switch; `on` is False for the `--no-` form."""

    flag: str
    value: str | None
    path: str
    on: bool

    def number(self) -> float:
        """Its value as a number; `32k` and `32K` are 32,000 and 32,768. Raises MalformedError."""
        text = (self.value or "").strip()
        factor = _MULTIPLES.get(text[-1:], 1)
        try:
            return float(text[:-1] if factor > 1 else text) * factor
        except ValueError as error:
            raise MalformedError(self.path, f"a number for {self.flag}") from error


@dataclass(frozen=True, eq=False)
class CommandLine:
    """The arguments of a container. `field` is the whole list."""

    field: Field

    @cached_property
    def arguments(self) -> list[Field]:
        """Every argument."""
        return self.field.items()

    @property
    def model(self) -> Field:
        """The first argument, absent where there is none."""
        return self.arguments[0] if self.arguments else Field(None, self.field.path)

    @cached_property
    def _read(self) -> tuple[tuple[tuple[int, Option], ...], tuple[tuple[int, str], ...]]:
        """Options with their places, and the places and paths of arguments that are not known."""
        found: list[tuple[int, Option]] = []
        unknown: list[tuple[int, str]] = []
        for place, argument in enumerate(self.arguments[1:], 1):
            if argument.unknown:
                unknown.append((place, argument.path))
            elif argument.text().startswith("-"):
                found.append((place, self._option(place)))
        return tuple(found), tuple(unknown)

    def _option(self, place: int) -> Option:
        argument = self.arguments[place]
        flag, given, value = argument.text().partition("=")
        flag = flag.replace("_", "-")
        text: str | None = value if given else None
        following = self.arguments[place + 1 : place + 2]
        if not given and following and not following[0].unknown and not following[0].text().startswith("-"):
            text = following[0].text()
        on = not flag.startswith("--no-")
        return Option(flag if on else f"--{flag.removeprefix('--no-')}", text, argument.path, on)

    @property
    def options(self) -> tuple[Option, ...]:
        """Every option that is known."""
        return tuple(option for _, option in self._read[0])

    def last(self, flag: str) -> Option | None:
        """What counts for `flag`, None when it is not given. Raises UnknownValueError where an argument that is not
        known yet may be it."""
        given = [(place, option) for place, option in self._read[0] if option.flag == flag]
        since = given[-1][0] if given else 0
        for place, path in self._read[1]:
            if place > since:
                raise UnknownValueError(path)
        return given[-1][1] if given else None

    def mentions(self, *flags: str) -> Option | None:
        """The first of `flags` that is given in its positive form, whatever comes after it. Raises UnknownValueError
        where none is, and an argument that is not known yet may be one."""
        for option in self.options:
            if option.flag in flags and option.on:
                return option
        for _, path in self._read[1]:
            raise UnknownValueError(path)
        return None

    def number(self, flag: str, default: Value) -> float | Value:
        """The number given for `flag`, `default` where it is not given."""
        option = self.last(flag)
        return default if option is None else option.number()
