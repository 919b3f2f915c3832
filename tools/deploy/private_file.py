"""Files that only their owner may read: written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def read_or_write(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of `path`, which is made and kept with mode 0600 at first use."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
        draft.rename(path)
    return path.read_bytes()
