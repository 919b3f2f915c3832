"""Prints the listing (SHA256SUMS) of one commit of a Hugging Face repository without copying it.

The hub states the SHA-256 of large files; small ones are read. Environment: MODEL_REPOSITORY, MODEL_REVISION; optional
HF_TOKEN, HF_ENDPOINT, REMOTE_CODE=1.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping

from .checkpoint import CheckpointError, listing_of, select
from .hub import Hub, HubUnavailableError


def listing(hub: Hub, *, code: bool) -> bytes:
    """The listing that a copy of the commit has."""
    files = hub.files()
    return listing_of(
        {
            name: files[name].digest if files[name].large else hashlib.sha256(hub.small(files[name])).hexdigest()
            for name in select(files, hub.index(files), code=code)
        }
    )


def main(environment: Mapping[str, str]) -> int:
    """Exit status of the program."""
    try:
        sys.stdout.write(listing(Hub.of(environment), code=environment.get("REMOTE_CODE") == "1").decode())
    except (CheckpointError, HubUnavailableError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
