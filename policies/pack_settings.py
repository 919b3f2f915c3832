"""What an environment may set about the policies: levels of rules, and lists of what is allowed there.

One file per stack, `policies/config/<stack>.json`, in the form of the engine's `--policy-pack-config`, so that the
engine and `make policy` read the same one. A stack without a file has the strictest settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.base.image_registries import PINNED_REGISTRIES
from policies.findings import Level


@dataclass(frozen=True, kw_only=True)
class PackSettings:
    """Settings of the pack for one stack.

    `levels`: rule id to the level it has here instead of its own. `registries`: hosts, or hosts with a path prefix,
    that images may come from. `remote_code`: `organisation/model@revision` whose code may run inside a model server.
    """

    levels: Mapping[str, Level] = field(default_factory=dict[str, Level])
    registries: frozenset[str] = PINNED_REGISTRIES
    remote_code: frozenset[str] = frozenset()


DEFAULTS = PackSettings()
