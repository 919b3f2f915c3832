"""Which models may answer a name that clients call: its deployments, aliases, cascades and fallbacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from policies.fields import Field, any_known
from policies.gateway_config import deployments
from policies.stack import Stack
from policies.subjects import Subject

EVERY_MODEL = frozenset({"*", "all-proxy-models"})
"""Entries of a team's model list that mean every model."""

_FALLBACK_LISTS = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
_SETTINGS = ("router_settings", "litellm_settings")
"""Both may hold fallbacks."""

_CHOOSER = "auto_router/"
CASCADE = f"{_CHOOSER}complexity_router"
_HOST = re.compile(r"https?://([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:[.:/]|$)")
_LONGEST_ALIAS_CHAIN = 8
_INSIDE = re.compile(r"https?://[a-z0-9.-]+\.svc(?:\.cluster\.local)?(?::\d+)?(?:/.*)?")


def chooses_another(deployment: Field) -> bool:
    """Whether a deployment only decides which other name answers."""
    return deployment.at("litellm_params", "model").text().startswith(_CHOOSER)


def is_inside(address: str) -> bool:
    """Whether a URL names a Service of the cluster."""
    return _INSIDE.fullmatch(address) is not None


def is_external(deployment: Field) -> bool:
    """Whether requests to a deployment leave the cluster. Without an address it is its provider's."""
    if chooses_another(deployment):
        return False
    return not is_inside(deployment.at("litellm_params", "api_base").text())


def leaves(stack: Stack, deployment: Field) -> bool:
    """Whether requests to a deployment leave the cluster, be it through a Service that stands for a host outside."""
    return is_external(deployment) or _stands_for_outside(stack, deployment.at("litellm_params", "api_base").text())


def _stands_for_outside(stack: Stack, address: str, hops: int = 0) -> bool:
    host = _HOST.match(address)
    if host is None:
        return False

    def holds(service: Subject) -> bool:
        if (service.name, service.namespace) != host.groups():
            return False
        spec = service.root.at("spec")
        if spec.at("type").text() != "ExternalName":
            return False
        target = f"http://{spec.at('externalName').text().rstrip('.')}"
        return hops >= _LONGEST_ALIAS_CHAIN or not is_inside(target) or _stands_for_outside(stack, target, hops + 1)

    return any_known(stack.named(host[2], host[1], "", "Service"), holds)


@dataclass(frozen=True, eq=False)
class Routes:
    """The names of one configuration and what may answer each."""

    config: Field

    @cached_property
    def deployments(self) -> dict[str, list[Field]]:
        """The deployments behind each name of the model list."""
        found: dict[str, list[Field]] = {}
        for deployment in deployments(self.config):
            found.setdefault(deployment.at("model_name").text(), []).append(deployment)
        return found

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Other names, and the name that each stands for."""
        entries = self.config.at("router_settings", "model_group_alias").entries()
        return {
            alias: (target.at("model") if isinstance(target.value, dict) else target).text()
            for alias, target in entries
        }

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that clients may call."""
        return frozenset((*self.deployments, *self.aliases))

    def granted(self, entry: str) -> set[str]:
        """The names that an entry of a team's model list allows: one, those of a pattern, or those of a group."""
        if entry in EVERY_MODEL:
            return set(self.names)
        matching = filter(_pattern(entry).fullmatch, self.names) if "*" in entry else ()
        return {entry, *matching, *self._groups.get(entry, ())}

    @cached_property
    def _groups(self) -> dict[str, set[str]]:
        """The names in each access group."""
        found: dict[str, set[str]] = {}
        for name, entries in self.deployments.items():
            for deployment in entries:
                for group in deployment.at("model_info", "access_groups").items():
                    found.setdefault(group.text(), set()).add(name)
        return found

    @cached_property
    def fallbacks(self) -> list[tuple[Field, str, Field]]:
        """Every fallback: where it stands, the name that fails, and the name that answers instead."""
        return list(self._fallbacks())

    def reached(self, starts: Iterable[str]) -> set[str]:
        """The names that may answer a call of one of `starts`, these included."""
        waiting, found = list(starts), set[str]()
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._next.get(name, ()))
        return found

    @cached_property
    def _next(self) -> dict[str, list[str]]:
        found = {alias: [target] for alias, target in self.aliases.items()}
        for _, name, target in self.fallbacks:
            found.setdefault(name, []).append(target.text())
        for name, entries in self.deployments.items():
            for deployment in entries:
                found.setdefault(name, []).extend(target.text() for target in _chosen(deployment))
        return found

    def _fallbacks(self) -> Iterator[tuple[Field, str, Field]]:
        for settings in map(self.config.at, _SETTINGS):
            for place in map(settings.at, _FALLBACK_LISTS):
                for entry in place.items():
                    for name, targets in entry.entries():
                        yield from ((targets, name, target) for target in targets.items())
            for target in settings.at("default_fallbacks").items():
                # A name is no fallback of its own.
                yield from ((target, name, target) for name in self.deployments if name != target.text())


def _pattern(entry: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, entry.split("*"))))


def _chosen(deployment: Field) -> list[Field]:
    """The names that a cascade hands on to, and those that get a copy of each request."""
    parameters = deployment.at("litellm_params")
    tiers = [tier for _, tier in parameters.at("complexity_router_config", "tiers").entries()]
    default, shadow = parameters.at("complexity_router_default_model"), parameters.at("silent_model")
    shadows = shadow.items() if isinstance(shadow.value, list) else [shadow]
    return [*tiers, *(target for target in (default, *shadows) if target.present)]
