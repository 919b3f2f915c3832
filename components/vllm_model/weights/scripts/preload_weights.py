"""Copies one commit of a Hugging Face repository into a bucket, once.

Files go straight from the hub to the bucket, no disk is needed. Each is checked against the hash that the hub states
before the bucket keeps it. The listing and then `config.json` come last: without it a model server refuses to start, so
that a half-copied or undeclared model is never served. Running it again copies only what is missing; once everything is
there the hub is not asked at all.

Environment: MODEL_REPOSITORY, MODEL_REVISION, S3_BUCKET, S3_PREFIX; optional HF_TOKEN (gated repositories), HF_ENDPOINT
(a mirror of the hub), REMOTE_CODE=1 (Python files too), WEIGHTS_DIGEST, WEIGHTS_PUBLIC_KEY and WEIGHTS_SIGNATURE (what
the checkpoint must be), S3_PATH_STYLE=1; and the usual AWS variables.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from collections.abc import Mapping

from .checkpoint import LAST, LISTING, Declared, listing_of, select
from .hub import CheckedReader, Hub, HubFile
from .outcome import exit_status
from .store import MEBIBYTE, Bucket, at_once

FILES_AT_ONCE = 4

log = logging.getLogger("preload")


def preload(hub: Hub, bucket: Bucket, declared: Declared, *, code: bool) -> str:
    """Copy what is missing. Raises CheckpointError where the checkpoint is not the declared one: it then stays without
    `config.json`."""
    finished = bucket.finished_listing()
    if finished is not None:
        declared.verify(finished)
        return f"{bucket} is complete, {_digest(finished)}"
    files = hub.files()
    *names, _ = wanted = select(files, hub.index(files), code=code)
    log.info("%d files, %.1f GiB", len(wanted), sum(files[name].size for name in wanted) / 2**30)
    digests = dict(zip(names, at_once(FILES_AT_ONCE, lambda name: _copy(files[name], hub, bucket), names), strict=True))
    last = hub.small(files[LAST])
    digests[LAST] = hashlib.sha256(last).hexdigest()
    listing = listing_of(digests)
    declared.verify(listing)
    bucket.put(LISTING, listing, sha256=hashlib.sha256(listing).hexdigest())
    bucket.put(LAST, last, sha256=digests[LAST], announced=files[LAST].digest)
    return f"{bucket} has {len(wanted)} files now, {_digest(listing)}"


def main(environment: Mapping[str, str]) -> int:
    """Exit status of the program."""
    return exit_status(
        lambda: preload(
            Hub.of(environment),
            Bucket.of(environment),
            Declared.of(environment),
            code=environment.get("REMOTE_CODE") == "1",
        )
    )


def _copy(file: HubFile, hub: Hub, bucket: Bucket) -> str:
    """SHA-256 of `file`, which is in the bucket afterwards."""
    stored = bucket.find(file.name)
    if stored and stored.sha256 and (stored.size, stored.announced) == (file.size, file.digest):
        log.info("%s is there", file.name)
        return stored.sha256
    if file.large:
        bucket.upload(file.name, CheckedReader(file, hub.content(file)), file.size, sha256=file.digest)
        sha256 = file.digest
    else:
        content = hub.small(file)
        sha256 = hashlib.sha256(content).hexdigest()
        bucket.put(file.name, content, sha256=sha256, announced=file.digest)
    log.info("%s, %.1f MiB", file.name, file.size / MEBIBYTE)
    return sha256


def _digest(listing: bytes) -> str:
    return f"weights.digest: sha256:{hashlib.sha256(listing).hexdigest()}"


if __name__ == "__main__":
    sys.exit(main(os.environ))
