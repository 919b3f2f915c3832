"""What rules judge: one object, which is a resource or one item of a List resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from policies.fields import Field
from policies.normalise import Normalised, normalise
from policies.pack_settings import DEFAULTS, PackSettings
from policies.pods import Pod, pods_in

KUBERNETES = "kubernetes"
CHART_PREFIX = "kubernetes:helm.sh/"

Normaliser = Callable[[object], Normalised]


@dataclass(frozen=True, eq=False, kw_only=True)
class Subject:
    """One object. For Kubernetes, `group` is its API group (empty for core) and `kind` its kind without `Patch`.

    `patch` objects change an object that something else made: what they leave out is not theirs to set. `vendored`
    objects come out of a third-party chart. `secret_paths` are the properties the program marked as secret.
    `dependencies` are the URNs of the resources whose outputs it takes or after which it is made; under the engine
    they are known to rules with stack scope only. `provider_urn` is empty where the engine's default provider is used.
    """

    urn: str
    type: str
    logical_name: str
    provider: str
    group: str
    kind: str
    root: Field
    patch: bool = False
    vendored: bool = False
    parent: str = ""
    secret_paths: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    protect: bool = False
    provider_urn: str = ""
    settings: PackSettings = DEFAULTS

    def is_a(self, group: str, *kinds: str) -> bool:
        """Whether this is a Kubernetes object of one of `kinds` in API `group`."""
        return self.provider == KUBERNETES and self.group == group and self.kind in kinds

    @cached_property
    def pods(self) -> tuple[Pod, ...]:
        """Its pod templates. Raises UnknownValueError where an unknown value may hide one."""
        return pods_in(self.root, self.group, self.kind) if self.provider == KUBERNETES else ()

    @cached_property
    def namespace(self) -> str:
        """Namespace of a namespaced object. Raises UnknownValueError while it is unknown."""
        return self.root.at("metadata", "namespace").text() or "default"

    @cached_property
    def name(self) -> str:
        """Name of the object in the cluster. Raises UnknownValueError while it is unknown."""
        return self.root.at("metadata", "name").text() or self.logical_name

    @property
    def shown_namespace(self) -> str | None:
        """Namespace as declared; None for cluster-scoped objects and while it is unknown."""
        return _known_text(self.root, "namespace")

    @property
    def shown_name(self) -> str:
        """Name as far as it is known."""
        return _known_text(self.root, "name") or self.logical_name

    @property
    def address(self) -> str:
        """`namespace/Kind/name` or `Kind/name`, for people."""
        return "/".join(part for part in (self.shown_namespace, self.kind, self.shown_name) if part)


@dataclass(frozen=True, kw_only=True)
class _Origin:
    """What all subjects of one resource share."""

    urn: str
    logical_name: str
    vendored: bool
    parent: str
    secret_paths: tuple[str, ...]
    dependencies: tuple[str, ...]
    protect: bool
    provider_urn: str
    settings: PackSettings


def subjects_of(
    resource: Mapping[str, Any], normaliser: Normaliser = normalise, settings: PackSettings = DEFAULTS
) -> tuple[Subject, ...]:
    """The subjects of one resource record (keys of a graph's `resources`; `inputs` may be the engine's proxies)."""
    inputs = normaliser(resource.get("inputs") or {})
    urn: str = resource["urn"]
    parent: str = resource.get("parent") or ""
    origin = _Origin(
        urn=urn,
        logical_name=resource["name"],
        vendored=_in_chart(urn) or _type_of(parent).startswith(CHART_PREFIX),
        parent=parent,
        secret_paths=tuple(dict.fromkeys([*(resource.get("secretPaths") or ()), *inputs.secret_paths])),
        dependencies=tuple(resource.get("dependsOn") or ()),
        protect=bool(resource.get("protect")),
        provider_urn=resource.get("provider") or "",
        settings=settings,
    )
    return tuple(_subjects(resource["type"], Field(inputs.value), origin))


def _subjects(type_token: str, root: Field, origin: _Origin) -> Iterator[Subject]:
    provider, module, kind = _token_parts(type_token)
    items = root.at("items") if provider == KUBERNETES and kind.endswith("List") else Field(None)
    if not items.unknown and isinstance(items.value, list):
        for item in items.items():
            # A List may hold Lists.
            yield from _subjects(_item_token(item, module, kind), item, origin)
        return
    yield _subject(type_token, root, origin)


def _subject(type_token: str, root: Field, origin: _Origin) -> Subject:
    provider, module, kind = _token_parts(type_token)
    patch = provider == KUBERNETES and kind.endswith("Patch") and kind != "Patch"
    return Subject(
        urn=origin.urn,
        type=type_token,
        logical_name=origin.logical_name,
        provider=provider,
        group=_group(module) if provider == KUBERNETES else module,
        kind=kind.removesuffix("Patch") if patch else kind,
        root=root,
        patch=patch,
        vendored=origin.vendored,
        parent=origin.parent,
        secret_paths=_below(origin.secret_paths, root.path),
        dependencies=origin.dependencies,
        protect=origin.protect,
        provider_urn=origin.provider_urn,
        settings=origin.settings,
    )


def _below(paths: Iterable[str], prefix: str) -> tuple[str, ...]:
    return tuple(
        path for path in paths if not prefix or path == prefix or path.startswith((f"{prefix}.", f"{prefix}["))
    )


def _item_token(item: Field, module: str, kind: str) -> str:
    """Type token of an item of a List: its own kind when it names one, otherwise the List's.

    The kind stays empty when an untyped List holds an item whose kind is unknown or missing.
    """
    own_kind = _known_member(item, "kind") or kind.removesuffix("List")
    version = _known_member(item, "apiVersion")
    if version:
        module = version if "/" in version else f"core/{version}"
    return f"{KUBERNETES}:{module}:{own_kind}"


def _token_parts(type_token: str) -> tuple[str, str, str]:
    provider, _, rest = type_token.partition(":")
    module, _, kind = rest.rpartition(":")
    return provider, module, kind


def _group(module: str) -> str:
    group = module.rpartition("/")[0]
    return "" if group == "core" else group


def _type_of(urn: str) -> str:
    parts = urn.split("::")
    return parts[2].rpartition("$")[2] if len(parts) > 2 else ""  # noqa: PLR2004 (urn:pulumi:stack::project::types::name)


def _in_chart(urn: str) -> bool:
    """Whether one of the parent types in the URN is a Helm chart."""
    parts = urn.split("::")
    ancestors = parts[2].split("$")[:-1] if len(parts) > 2 else []  # noqa: PLR2004
    return any(ancestor.startswith(CHART_PREFIX) for ancestor in ancestors)


def _known_text(root: Field, key: str) -> str | None:
    if root.unknown or not isinstance(root.value, dict):
        return None
    return _known_member(root.at("metadata"), key)


def _known_member(place: Field, key: str) -> str | None:
    if place.unknown or not isinstance(place.value, dict):
        return None
    member = place.at(key)
    return member.value if not member.unknown and isinstance(member.value, str) else None
