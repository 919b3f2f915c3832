"""Checks, before a server streams a checkpoint from a bucket, that it is the declared one.

The listing beside the weights must have the declared digest or signature, every file that a server needs must be listed
and there, nothing that it would read may be there unlisted, and where an object's writer noted its SHA-256 it must be
the listed one. The bytes themselves are not read: whoever can write to the bucket can still replace an object and its
note. Deliveries that copy the weights read and compare every byte.

Environment: S3_BUCKET, S3_PREFIX, WEIGHTS_DIGEST or WEIGHTS_PUBLIC_KEY with WEIGHTS_SIGNATURE; optional REMOTE_CODE=1,
S3_PATH_STYLE=1; and the usual AWS variables.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping

from .checkpoint import INDEX, LISTING, CheckpointError, Declared, is_read, read_listing, select
from .outcome import exit_status
from .store import Bucket

log = logging.getLogger("check")


def check(bucket: Bucket, declared: Declared, *, code: bool) -> str:
    """Raise CheckpointError unless the checkpoint is the declared one."""
    listing = bucket.content(LISTING)
    declared.verify(listing)
    digests = read_listing(listing or b"")
    sizes = bucket.sizes()
    unlisted = sorted(name for name in sizes if is_read(name) and name not in digests)
    if unlisted:
        message = f"{bucket} holds files that {LISTING} does not list: {', '.join(unlisted)}: remove them"
        raise CheckpointError(message)
    index = json.loads(bucket.content(INDEX) or b"null") if INDEX in digests else None
    needed = select([name for name in digests if name in sizes], index, code=code)
    found = bucket.find_all(needed)
    unnoted = [name for name, stored in found.items() if not (stored and stored.sha256)]
    changed = sorted(name for name, stored in found.items() if stored and stored.sha256 not in {"", digests[name]})
    if changed:
        message = f"{bucket}: {', '.join(changed)} is not the file that {LISTING} lists: copy the checkpoint again"
        raise CheckpointError(message)
    if unnoted:
        log.warning(
            "%d objects were stored without a note of their SHA-256: only their names are checked", len(unnoted)
        )
    return f"{bucket} is the declared checkpoint, {len(needed)} files"


def main(environment: Mapping[str, str]) -> int:
    """Exit status of the program."""
    return exit_status(
        lambda: check(Bucket.of(environment), Declared.of(environment), code=environment.get("REMOTE_CODE") == "1")
    )


if __name__ == "__main__":
    sys.exit(main(os.environ))
