"""What a label selector selects, and what selects given labels, found without asking each of many.

Both indexes answer with somewhat more than the truth, in the order in which the entries were given: whoever asks then
looks at the few that are left (`components/base/label_selector.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")

_Pair = tuple[str, str]


class LabelIndex(Generic[Item]):
    """Items by the labels that they carry."""

    def __init__(self, entries: Iterable[tuple[Item, Iterable[Mapping[str, str]] | None]]) -> None:
        """Index each item by its sets of labels; None where they are not known, so that it may carry any."""
        self._items: list[Item] = []
        self._open: list[int] = []
        self._carrying: dict[_Pair, list[int]] = {}
        for place, (item, sets) in enumerate(entries):
            self._items.append(item)
            if sets is None:
                self._open.append(place)
                continue
            for pair in {pair for labels in sets for pair in labels.items()}:
                self._carrying.setdefault(pair, []).append(place)

    def may_carry(self, wanted: Mapping[str, Any]) -> list[Item]:
        """The items that may carry all of `wanted`."""
        if not wanted:
            return self._items
        if not _are_pairs(wanted):
            # A label is a string: nothing carries anything else.
            return [self._items[place] for place in self._open]
        rarest = min((self._carrying.get(pair, []) for pair in wanted.items()), key=len)
        return [self._items[place] for place in (sorted(self._open + rarest) if self._open else rarest)]

    def may_match(self, selector: Mapping[str, Any] | None) -> list[Item]:
        """The items that a LabelSelector object may select."""
        return self.may_carry(_match_labels(selector))


class SelectorIndex(Generic[Item]):
    """Items by the labels that they select."""

    def __init__(self, entries: Iterable[tuple[Item, Mapping[str, Any] | None]]) -> None:
        """Index each item by its LabelSelector object: by the pair of `matchLabels` that fewest others ask for."""
        selectors = [(item, _match_labels(selector)) for item, selector in entries]
        asked = Counter(pair for _, wanted in selectors if _are_pairs(wanted) for pair in wanted.items())
        self.items = [item for item, _ in selectors]
        self._general: list[int] = []
        self._asking: dict[_Pair, list[int]] = {}
        for place, (_, wanted) in enumerate(selectors):
            if not wanted:
                self._general.append(place)
            elif _are_pairs(wanted):
                self._asking.setdefault(min(wanted.items(), key=asked.__getitem__), []).append(place)

    def may_select(self, *sets: Mapping[str, str]) -> list[Item]:
        """The items that may select what carries one of the `sets` of labels."""
        pairs = {pair for labels in sets for pair in labels.items()}
        asking = [place for pair in pairs for place in self._asking.get(pair, ())]
        return [self.items[place] for place in sorted(self._general + asking)]


def _match_labels(selector: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (selector or {}).get("matchLabels") or {}


def _are_pairs(wanted: Mapping[str, Any]) -> bool:
    return all(isinstance(value, str) for value in wanted.values())
