"""One case per rule: objects that comply, the one value that breaks them, and what its absence means."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.judge import Report, judge
from policies.registry import Registry
from policies.rules import REGISTRY
from tests.policies.objects import TODAY, Json, graph

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine sends a string that is not known in a preview."""

PRESENT = object()
"""The resources of a case hold a good value already."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """`resources` comply with `rule` once `path` of the resource number `index` is `good`; `bad` there breaks it.

    `good` left out: the resources hold a good value already. `absent_fails`: whether the object without that value is
    in breach too. `about` is the resource that the finding names, and `at` the path it leads to, when they are others.
    """

    rule: str
    resources: list[Json]
    path: str
    bad: Any
    absent_fails: bool
    good: Any = PRESENT
    index: int = 0
    about: int | None = None
    at: str | None = None

    @property
    def subject(self) -> str:
        """URN of the resource that the finding is about."""
        return self.resources[self.index if self.about is None else self.about]["urn"]

    @property
    def shown_at(self) -> str:
        """The path that the finding leads to: the changed one, or the whole object where another is changed."""
        if self.at is not None:
            return self.at
        return self.path if self.about is None else ""

    def compliant(self) -> list[Json]:
        return copy.deepcopy(self.resources) if self.good is PRESENT else self._with(self.good)

    def violating(self) -> list[Json]:
        return self._with(self.bad)

    def absent(self) -> list[Json]:
        changed = self.compliant()
        remove(changed[self.index]["inputs"], self.path)
        return changed

    def unknown(self) -> list[Json]:
        return self._with(UNKNOWN)

    def _with(self, value: Any) -> list[Json]:
        changed = copy.deepcopy(self.resources)
        put(changed[self.index]["inputs"], self.path, value)
        return changed


def put(root: Any, path: str, value: Any) -> None:
    """Set the member at `path` (`a.b[0].c`, `a["x.y/z"]`), making the objects on the way."""
    *parents, last = keys(path)
    place = root
    for key in parents:
        place = place[key] if isinstance(key, int) else place.setdefault(key, {})
    place[last] = copy.deepcopy(value)


def remove(root: Any, path: str) -> None:
    """Delete the member at `path`, which must be there."""
    *parents, last = keys(path)
    place = root
    for key in parents:
        place = place[key]
    del place[last]


def keys(path: str) -> list[str | int]:
    parts = re.findall(r'\["([^"]+)"\]|\[(\d+)\]|([^.\[]+)', path)
    return [int(number) if number else quoted or plain for quoted, number, plain in parts]


def places(value: Any, path: str = "") -> Iterator[str]:
    """The path of everything in `value`: every leaf, and every list and object above it."""
    members: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        members = [(_member(path, key), item) for key, item in value.items()]
    elif isinstance(value, list):
        members = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    for place, item in members:
        yield place
        yield from places(item, place)


def _member(path: str, key: str) -> str:
    if "." in key:
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def only(rule_id: str) -> Registry:
    """A registry of that rule alone."""
    rule = REGISTRY.get(rule_id)
    assert rule is not None
    return Registry([rule])


def judged(resources: list[Json], rule_id: str | None = None) -> Report:
    """What the registry, or the rule of that id, says of the resources: always a place and a sentence for people."""
    report = judge(graph(*resources), (), TODAY, only(rule_id) if rule_id else REGISTRY)
    for finding in report.findings:
        assert is_path(finding.path)
        assert isinstance(finding.message, str)
        assert finding.message.strip()
        assert "the rule itself failed" not in finding.message
    return report


def is_path(path: object) -> bool:
    """Whether it leads a person to a member; the stack itself has the empty path."""
    return isinstance(path, str) and " " not in re.sub(r'\["[^"]*"\]', "", path)
