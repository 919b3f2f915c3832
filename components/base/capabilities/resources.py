"""The resources of a stack as evidence functions see them: plain records, searched by what proves something."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice, takewhile
from typing import Any, cast

from components.base.capabilities.facets import NO, UNKNOWN, YES, Known, Marker, Substrate, Value

REDACTED = "[secret]"
"""What stands for a secret in a rendered graph. Nothing can be read from it."""

Key = str | int

_SUBSTRATES: dict[str, Substrate] = {
    "ai-platform:gpu_cluster:K3sGpuCluster": "k3s",
    "ai-platform:gpu_cluster:EksGpuCluster": "eks",
    "ai-platform:gpu_cluster:ExistingGpuCluster": "existing",
}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One proof: `path` of the resource `urn` says that `facet` has `value`.

    `absence_holds`: the value is what an absent property means as well. `path` is `@protect` for the engine's guard
    and empty where the resource itself is the proof. `inside` are the keys in the document that stands at `path`.
    `any_text`: whatever stands there proves it. `permission`: the resource only allows something, so that nothing is
    lost when it is gone.
    """

    facet: str
    value: Value
    urn: str
    path: str
    absence_holds: bool = False
    inside: tuple[Key, ...] = ()
    any_text: bool = False
    permission: bool = False


@dataclass(frozen=True)
class Document:
    """A text in a resource that holds an object or a list: where it stands, and what reads it."""

    keys: tuple[Key, ...]
    load: Callable[[str], Any] = json.loads


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """One resource. `unknown` tells which objects in `inputs` stand for values that are not known yet.

    `ignored` are the properties that something else than the program changes; a policy is not told which.
    """

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    depends_on: tuple[str, ...] = ()
    protect: bool = False
    ignored: tuple[str, ...] = ()
    unknown: tuple[type, ...] = ()
    _parsed: dict[tuple[Key, ...], Any] = field(default_factory=dict[tuple[Key, ...], Any])

    def read(self, *keys: Key) -> Any:
        """The value at `keys`: plain data, None where a member is missing, UNKNOWN where it cannot be told."""
        value: Any = self.inputs
        for key in keys:
            value = self._step(value, key)
            if value is None or value is UNKNOWN:
                return value
        return value

    def _step(self, value: Any, key: Key) -> Any:
        if isinstance(value, Mapping):
            return self._known(cast("Mapping[Key, Any]", value).get(key))
        if isinstance(value, list) and isinstance(key, int):
            items = cast("list[Any]", value)
            return self._known(items[key]) if key < len(items) else None
        return None

    def _known(self, value: Any) -> Any:
        return UNKNOWN if value is UNKNOWN or isinstance(value, self.unknown) or value == REDACTED else value

    def document(self, *keys: Key, load: Callable[[str], Any] = json.loads) -> Any:
        """What `load` makes of the text at `keys`; UNKNOWN while it is unknown, None when it is no such document."""
        if keys not in self._parsed:
            text = self.read(*keys)
            self._parsed[keys] = text if text is UNKNOWN else _loaded(text, load)
        return self._parsed[keys]

    def items(self, *keys: Key) -> list[tuple[int, Any]]:
        """The known members of a list with their places, none where there is no list."""
        value = self.read(*keys)
        members = cast("list[Any]", value) if isinstance(value, list) else []
        return [(index, self._known(item)) for index, item in enumerate(members)]

    def place(self, *keys: Key, **wanted: str) -> tuple[Key, ...]:
        """Keys of the first member of the list at `keys` whose fields are `wanted`; one past the end without one."""
        for index, item in self.items(*keys):
            if isinstance(item, Mapping) and all(
                self._known(cast("Mapping[str, Any]", item).get(key)) == value for key, value in wanted.items()
            ):
                return (*keys, index)
        return (*keys, len(self.items(*keys)))

    def starting(self, prefix: str, *keys: Key) -> tuple[Key, ...]:
        """Keys of the first text of the list at `keys` that starts so; else of an unknown one, or one past the end."""
        members = self.items(*keys)
        found = [place for place, text in members if isinstance(text, str) and text.startswith(prefix)]
        hidden = [place for place, text in members if text is UNKNOWN]
        return (*keys, next(iter([*found, *hidden]), len(members)))

    @property
    def object_name(self) -> str:
        """Name of a Kubernetes object, empty while it is unknown."""
        name = self.read("metadata", "name")
        return name if isinstance(name, str) else ""

    @property
    def namespace(self) -> str:
        """Namespace of a Kubernetes object, empty for cluster-scoped ones and while it is unknown."""
        name = self.read("metadata", "namespace")
        return name if isinstance(name, str) else ""

    def says(self, facet: str, value: Value, *keys: Key, absence_holds: bool = False) -> Reading:
        """The proof that the property at `keys` gives."""
        return Reading(facet=facet, value=value, urn=self.urn, path=path(keys), absence_holds=absence_holds)

    def holds(self, facet: str, *keys: Key, when: Callable[[Any], Any] | None = None) -> Reading:
        """Proof of a facet that holds when the property satisfies `when`, or is true without it."""
        value = self.read(*keys)
        return replace(self.says(facet, _answer(value, when), *keys), any_text=when is is_set)

    def inside(
        self,
        facet: str,
        document: Document,
        *names: Key,
        when: Callable[[Any], bool] = lambda value: value is True,
    ) -> Reading:
        """Proof of a facet that holds when a member of a document satisfies `when`."""
        held = self.document(*document.keys, load=document.load)
        value: Value = UNKNOWN if held is UNKNOWN else YES if when(member(held, *names)) else NO
        proof = self.says(facet, value, *document.keys)
        return replace(proof, inside=names, any_text=when is is_set)

    def level(self, facet: str, levels: Mapping[Any, str], otherwise: Known, *keys: Key) -> Reading:
        """Proof of a facet whose level is that of the property's value, or `otherwise`."""
        value = self.read(*keys)
        simple = isinstance(value, (str, int, float, bool))
        return self.says(
            facet, UNKNOWN if value is UNKNOWN else levels.get(value, otherwise) if simple else otherwise, *keys
        )

    def when_set(self, facet: str, level: str, otherwise: str, *keys: Key) -> Reading:
        """Proof of a facet that is at `level` when something stands at `keys`."""
        value = self.read(*keys)
        found = UNKNOWN if value is UNKNOWN else level if value else otherwise
        return replace(self.says(facet, found, *keys), any_text=True)

    def amount(self, facet: str, *keys: Key, of: Callable[[Any], int] = int) -> Reading:
        """Proof of a number: the property as `of` reads it, 0 where it is missing or no number."""
        value = self.read(*keys)
        if value is UNKNOWN:
            return self.says(facet, UNKNOWN, *keys)
        try:
            return self.says(facet, of(value), *keys)
        except (TypeError, ValueError):
            return self.says(facet, 0, *keys)

    def exists(self, facet: str, value: Value) -> Reading:
        """The proof that the resource itself is."""
        return self.says(facet, value)

    def guarded(self, facet: str) -> Reading:
        """Proof that the engine refuses to delete the resource."""
        return Reading(facet=facet, value=YES if self.protect else NO, urn=self.urn, path="@protect")


def is_set(value: object) -> bool:
    """Whether something stands there."""
    return bool(value)


def member(value: Any, *keys: Key) -> Any:
    """A member of nested objects and lists, None where one of them is missing."""
    for key in keys:
        if isinstance(value, Mapping):
            value = cast("Mapping[Key, Any]", value).get(key)
        elif isinstance(value, list) and isinstance(key, int) and key < len(cast("list[Any]", value)):
            value = cast("list[Any]", value)[key]
        else:
            return None
    return value


def path(keys: Iterable[Key]) -> str:
    """A property path as the engine spells it."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        elif "." in key or "[" in key:
            text += f'["{key}"]'
        else:
            text += f".{key}" if text else key
    return text


def _answer(value: Any, when: Callable[[Any], Any] | None) -> Value:
    """`when` may answer UNKNOWN, where it looks at more than the value."""
    if isinstance(value, Marker):
        return UNKNOWN
    good = value is True if when is None else value is not None and when(value)
    return UNKNOWN if good is UNKNOWN else YES if good else NO


def _loaded(text: Any, load: Callable[[str], Any]) -> Any:
    try:
        return load(text) if isinstance(text, str) else None
    except ValueError:
        return None


class Resources:
    """The records of one stack, indexed once."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.records = tuple(records)
        self._by_name: dict[str, dict[tuple[str, str], list[Record]]] = {}
        self._by_logical_name: dict[str, list[tuple[str, int]]] = {}

    def of(self, *types: str) -> list[Record]:
        """Records of the type tokens, such as `aws:s3/bucket:Bucket`."""
        return [record for token in types for record in self._by_type.get(token, [])]

    def kind(self, *kinds: str) -> list[Record]:
        """Kubernetes objects of `kinds`, of whatever API version, such as `postgresql.cnpg.io:Cluster`.

        The core group's kinds are named alone.
        """
        return [record for kind in kinds for record in self._by_kind.get(kind, [])]

    def named(self, kind: str, name: str, namespace: str = "") -> list[Record]:
        """The objects of a kind with that name; the hash at the end of a name that rolls pods is not part of it."""
        if kind not in self._by_name:
            self._by_name[kind] = _by_name(self.kind(kind))
        return self._by_name[kind].get((namespace, name), [])

    def dependents(self, record: Record, *types: str) -> list[Record]:
        """Records of the type tokens that take an output of `record` or are made after it."""
        return [other for other in self._dependents.get(record.urn, []) if other.type in types]

    def charts(self, chart: str) -> list[Record]:
        """The records of a pinned chart, deployed or left out of a rehearsal."""
        return [record for record in self.of("ai-platform:charts:PinnedChart") if record.read("chart") == chart]

    def children(self, record: Record, *kinds: str) -> Iterator[Record]:
        """Kubernetes objects of `kinds` whose logical name says that they belong to the component `record`."""
        prefix = f"{record.name}-"
        return (other for kind in kinds for other in self._starting(kind, prefix))

    def _starting(self, kind: str, prefix: str) -> list[Record]:
        """The objects of a kind whose logical name starts so, in the order of the graph."""
        if kind not in self._by_logical_name:
            names = ((record.name, place) for place, record in enumerate(self.kind(kind)))
            self._by_logical_name[kind] = sorted(names)
        names = self._by_logical_name[kind]
        first, records = bisect_left(names, (prefix, 0)), self.kind(kind)
        found = takewhile(lambda entry: entry[0].startswith(prefix), islice(names, first, None))
        return [records[place] for place in sorted(place for _, place in found)]

    @property
    def substrate(self) -> Substrate | None:
        """What the stack runs on; None for a graph without a cluster."""
        return next((_SUBSTRATES[record.type] for record in self.of(*_SUBSTRATES)), None)

    @cached_property
    def _by_type(self) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for record in self.records:
            found.setdefault(record.type, []).append(record)
        return found

    @cached_property
    def _by_kind(self) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for token, records in self._by_type.items():
            if token.startswith("kubernetes:") and not token.startswith("kubernetes:helm.sh/"):
                found.setdefault(kind_of(token), []).extend(records)
        return found

    @cached_property
    def _dependents(self) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for record in self.records:
            for urn in record.depends_on:
                found.setdefault(urn, []).append(record)
        return found


def _by_name(records: Iterable[Record]) -> dict[tuple[str, str], list[Record]]:
    """Records by namespace and name, and by the name without its hash."""
    found: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        for name in {record.object_name, _without_hash(record.object_name)}:
            found.setdefault((record.namespace, name), []).append(record)
    return found


def kind_of(token: str) -> str:
    """`group:Kind` of a Kubernetes type token without its version; the core, apps and batch kinds are named alone."""
    _, api, kind = token.split(":")
    group = api.rpartition("/")[0]
    return kind if group in _PLAIN_GROUPS else f"{group}:{kind}"


_PLAIN_GROUPS = frozenset({"", "core", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "storage.k8s.io"})
_HASH = 8


def _without_hash(name: str) -> str:
    stem, _, tail = name.rpartition("-")
    return stem if len(tail) == _HASH and all(letter in "0123456789abcdef" for letter in tail) else name


def records_of(graph: Mapping[str, Any]) -> Resources:
    """The records of a rendered graph (the content of graph.json)."""
    return Resources(
        Record(
            urn=resource["urn"],
            type=resource["type"],
            name=resource["name"],
            inputs=resource["inputs"],
            depends_on=tuple(resource.get("dependsOn") or ()),
            protect=bool(resource.get("protect")),
            ignored=tuple(resource.get("ignoreChanges") or ()),
        )
        for resource in graph["resources"]
    )
