"""Random values of a rehearsal: drawn once per simulated cluster, so that a second run changes nothing."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from tools.deploy.private_file import read_or_write
from tools.render.random_values import RandomSource

_SEED_BYTES = 32


def seeded_source(path: Path) -> RandomSource:
    """Random values from the seed kept at `path` (mode 0600), which is drawn at first use.

    Each value is a keyed hash of the resource's URN, so that one seed serves all of them and none reveals another.
    """
    seed = read_or_write(path, lambda: secrets.token_bytes(_SEED_BYTES))

    def value(urn: str, length: int) -> bytes:
        key = hashlib.blake2b(urn.encode(), key=seed).digest()
        return hashlib.shake_256(key).digest(length)

    return value
