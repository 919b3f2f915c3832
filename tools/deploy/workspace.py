"""Where a rehearsal keeps what it must remember, all under `.local/` of the checkout."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

REHEARSAL_STACK = "local"
"""The one stack that `make up` brings up."""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Paths of one checkout."""

    root: Path

    @property
    def local(self) -> Path:
        """Everything that `make down` deletes."""
        return self.root / ".local"

    @property
    def cluster(self) -> Path:
        """State of the simulated cluster."""
        return self.local / "cluster"

    @property
    def seed(self) -> Path:
        """Seed of the rehearsal's random values."""
        return self.local / "random.seed"

    @property
    def engine(self) -> Path:
        """State, passphrase and stack file of the engine."""
        return self.local / "engine"

    def remove(self) -> None:
        """Delete everything."""
        if self.local.is_dir():
            shutil.rmtree(self.local)
