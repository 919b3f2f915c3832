"""Texts that hold YAML or JSON, parsed once however many look into them.

What is handed out is the same object each time: nobody may change it.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import yaml

_KEPT = 512
"""Texts whose documents are remembered: more than the configurations of the largest stack."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml, ten times as fast, where PyYAML was built with it."""


@lru_cache(maxsize=_KEPT)
def json_document(text: str) -> Any:
    """The parsed text. Raises ValueError."""
    return json.loads(text)


@lru_cache(maxsize=_KEPT)
def yaml_document(text: str) -> Any:
    """The parsed text. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 (both loaders make plain data only)
