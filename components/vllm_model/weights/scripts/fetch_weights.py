"""Copies a checkpoint from a bucket to a folder, once: a node's disk, or a volume that all nodes mount.

The folder appears under its name when every file is there and, where the bucket holds a listing (SHA256SUMS), has been
compared with it; until then it is called `<name>.partial`. A run that was interrupted is taken up file by file. Large
files are read in parts over many connections.

Environment: S3_BUCKET, S3_PREFIX, WEIGHTS_TARGET (the folder), VOLUME_GIB (size of the volume it lies on); optional
WEIGHTS_DIGEST, WEIGHTS_PUBLIC_KEY and WEIGHTS_SIGNATURE (what the checkpoint must be), REMOTE_CODE=1, S3_PATH_STYLE=1;
and the usual AWS variables.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from .checkpoint import GIBIBYTE, INDEX, LISTING, CheckpointError, Declared, read_listing, select
from .copying import Copy, Target
from .outcome import exit_status
from .store import Bucket


def fetch(bucket: Bucket, target: Target, declared: Declared, *, volume_gib: float, code: bool) -> str:
    """Copy the checkpoint. Raises CheckpointError where it is not the declared one or has no room."""
    listing = bucket.content(LISTING)
    declared.verify(listing)
    copies = _copies(bucket, listing, code=code)
    fingerprint = hashlib.sha256(listing or repr(copies).encode()).hexdigest()
    if target.holds(fingerprint):
        return f"{target.folder} is complete"
    total = sum(copy.size for copy in copies) / GIBIBYTE
    if total > volume_gib:
        message = (
            f"{bucket} has {total:.1f} GiB, and its volume {volume_gib:g} GiB: set weights.volumeGib to "
            f"{int(total * 1.1) + 1} or more"
        )
        raise CheckpointError(message)
    target.fill(bucket, copies, fingerprint)
    checked = "compared with its listing" if listing else f"not compared: there is no {LISTING}"
    return f"{target.folder} has {len(copies)} files now, {total:.1f} GiB, {checked}"


def main(environment: Mapping[str, str]) -> int:
    """Exit status of the program."""
    return exit_status(
        lambda: fetch(
            Bucket.of(environment),
            Target(Path(environment["WEIGHTS_TARGET"])),
            Declared.of(environment),
            volume_gib=float(environment["VOLUME_GIB"]),
            code=environment.get("REMOTE_CODE") == "1",
        )
    )


def _copies(bucket: Bucket, listing: bytes | None, *, code: bool) -> list[Copy]:
    sizes = bucket.sizes()
    index = json.loads(bucket.content(INDEX) or b"null") if INDEX in sizes else None
    names = select(sizes, index, code=code)
    if listing is None:
        return [Copy(name, sizes[name], "") for name in names]
    digests = read_listing(listing)
    unlisted = [name for name in names if name not in digests]
    if unlisted:
        message = f"{LISTING} of {bucket} does not list {', '.join(unlisted)}: write it over the whole checkpoint"
        raise CheckpointError(message)
    return [Copy(name, sizes[name], digests[name]) for name in names]


if __name__ == "__main__":
    sys.exit(main(os.environ))
