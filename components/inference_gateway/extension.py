"""What a part of the gateway brings to LiteLLM: files beside its configuration, settings, variables.

LiteLLM loads a Python module that lies beside config.yaml, so a part without a licence-free switch of its own
(sign-on, the judge of content) is a module here. Parts add up with `+`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pulumi

_Value = TypeVar("_Value")


@dataclass(frozen=True, kw_only=True)
class Extension:
    """`files`: name → text of what lies in config.yaml's folder. `general`: keys added to `general_settings`.
    `callbacks`: added to `litellm_settings.callbacks`, as `module.instance`. `guardrails`: entries of `guardrails`.
    `variables`: plain environment of the serving pods. `secrets`: variable → (Secret, key)."""

    files: Mapping[str, str] = field(default_factory=dict[str, str])
    general: Mapping[str, Any] = field(default_factory=dict[str, Any])
    callbacks: tuple[str, ...] = ()
    guardrails: tuple[Mapping[str, Any], ...] = ()
    variables: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    secrets: Mapping[str, tuple[pulumi.Input[str], str]] = field(
        default_factory=dict[str, tuple[pulumi.Input[str], str]]
    )

    def __add__(self, other: Extension) -> Extension:
        """Both. Raises ValueError where they want the same file, key or variable."""
        return Extension(
            files=_joined(self.files, other.files),
            general=_joined(self.general, other.general),
            callbacks=(*self.callbacks, *other.callbacks),
            guardrails=(*self.guardrails, *other.guardrails),
            variables=_joined(self.variables, other.variables),
            secrets=_joined(self.secrets, other.secrets),
        )


def _joined(first: Mapping[str, _Value], second: Mapping[str, _Value]) -> dict[str, _Value]:
    shared = sorted(first.keys() & second.keys())
    if shared:
        message = f"two parts of the gateway both set {', '.join(shared)}"
        raise ValueError(message)
    return {**first, **second}
