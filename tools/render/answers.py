"""What the mock monitor answers for the resource types of the program: the outputs a provider would compute."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.render import random_values, substrate_answers, wire
from tools.render.random_values import RandomSource


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One registration as an answer sees it; `inputs` are camelCase with secrets wrapped."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    source: RandomSource


Answer = Callable[[Registration], dict[str, Any]]


def _digest(registration: Registration) -> str:
    content = json.dumps(wire.redacted(registration.inputs), sort_keys=True)
    return hashlib.sha256(f"{registration.urn}\n{content}".encode()).hexdigest()


def kubernetes_object(registration: Registration) -> dict[str, Any]:
    """The object, auto-named `<logical name>-<8 hex digits>` as the provider does where it has no name.

    The digits follow the content, so that a changed ConfigMap, Secret or Job gets a new name, as a replacement would.
    """
    metadata = dict(registration.inputs.get("metadata") or {})
    metadata.setdefault("name", f"{registration.name}-{_digest(registration)[:8]}")
    return {**registration.inputs, "metadata": metadata}


def _password(registration: Registration) -> dict[str, Any]:
    value = random_values.password(registration.urn, registration.inputs, registration.source)
    return {**registration.inputs, "result": wire.as_secret(value)}


def _aws(registration: Registration) -> dict[str, Any]:
    return substrate_answers.aws_resource(registration.type, registration.name, registration.inputs)


EXACT: dict[str, Answer] = {
    "random:index/randomPassword:RandomPassword": _password,
}
"""Answers by exact type token; those of AWS and the command provider are in `substrate_answers`."""

PREFIX: dict[str, Answer] = {
    "aws:": _aws,
}
"""Answers by type prefix, used where no exact one exists."""


def answer(registration: Registration) -> dict[str, Any]:
    """Output properties of a registered resource."""
    kind = registration.type
    if kind in EXACT:
        return EXACT[kind](registration)
    if kind in substrate_answers.EXACT:
        return substrate_answers.EXACT[kind](registration.name, registration.inputs)
    if is_kubernetes_object(kind):
        return kubernetes_object(registration)
    for prefix, reply in PREFIX.items():
        if kind.startswith(prefix):
            return reply(registration)
    return registration.inputs


def is_kubernetes_object(kind: str) -> bool:
    """Whether a type token names an API object, not a chart or a component of the Kubernetes provider."""
    return kind.startswith("kubernetes:") and not kind.startswith(("kubernetes:helm.sh/", "kubernetes:yaml/"))
