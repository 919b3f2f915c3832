"""Files of third-party charts, to check values against.

They are third-party data: the folder named by `CHARTS`, or `../shared/upstream/charts` beside the repository. A test
that needs them is skipped where there is neither.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


def chart_file(chart: str, name: str = "values.yaml") -> Path:
    """One file of a chart. Skips the running test where there is none."""
    folder = Path(os.environ.get("CHARTS") or ROOT.parent / "shared" / "upstream" / "charts")
    file = folder / chart / name
    if not file.is_file():
        pytest.skip(f"no {name} of the chart: {file} is no file (set CHARTS)")
    return file


def value_paths(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The path of every leaf of a chart's values; an empty mapping is a leaf."""
    for key, value in values.items():
        path = f"{prefix}.{key}" if prefix else key
        if isinstance(value, Mapping) and value:
            yield from value_paths(value, path)
        else:
            yield path
