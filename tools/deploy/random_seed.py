"""Random values of a rehearsal: drawn once per simulated cluster, so that a second run changes nothing."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from tools.render.random_values import RandomSource

_SEED_BYTES = 32


def seeded_source(path: Path) -> RandomSource:
    """Random values from the seed kept at `path` (mode 0600), which is drawn at first use.

    Each value is a keyed hash of the resource's URN, so that one seed serves all of them and none reveals another.
    """
    seed = _read_or_draw(path)

    def value(urn: str, length: int) -> bytes:
        key = hashlib.blake2b(urn.encode(), key=seed).digest()
        return hashlib.shake_256(key).digest(length)

    return value


def _read_or_draw(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_SEED_BYTES))
        draft.rename(path)
    return path.read_bytes()
