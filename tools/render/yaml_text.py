"""YAML as people read it: sorted keys, and texts of several lines as blocks instead of one escaped line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    """Safe dumper with block texts."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def yaml_documents(documents: Iterable[Mapping[str, Any]]) -> str:
    """The documents, separated by `---`. The same input gives the same bytes."""
    texts = [
        yaml.dump(dict(document), Dumper=_Dumper, sort_keys=True, allow_unicode=True, width=120)
        for document in documents
    ]
    return "---\n".join(texts)
