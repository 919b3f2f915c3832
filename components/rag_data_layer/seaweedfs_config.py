"""Configuration of SeaweedFS: sizes, identities and what its servers do by themselves.

Flags and keys are those of SeaweedFS 4.44 (`weed/command/server.go`, `weed scaffold`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.base.handles import AccessKey, BucketPurpose
from components.rag_data_layer.object_store import bucket_name

USABLE_PERCENT = 85
"""What objects may fill of a volume: 5 % stay free (`-volume.minFreeSpace`), and compaction copies a file before
it deletes the old one."""

MIN_FREE_PERCENT = 5

_SLOTS = 100
"""Storage files a server is divided into. Every bucket has files of its own and takes `GROWTH` of them with each copy
before its first byte; with the default size of 30,000 MB a small volume would have no file for the last bucket."""

_LARGEST_FILE_MB = 30_000

GROWTH = 2
"""Storage files opened together when a bucket has no writable one left."""

DATA_FOLDER = "/data"


def copies(replicas: int) -> int:
    """Copies of every object, on different servers."""
    return 2 if replicas > 1 else 1


def replication(replicas: int) -> str:
    """SeaweedFS's notation: the last digit counts further copies on other servers of the same rack."""
    return f"00{copies(replicas) - 1}"


def claim_gib(capacity_gib: int, replicas: int) -> int:
    """Size in GiB of each server's volume, so that all of them hold `capacity_gib` of objects with their copies."""
    return -(-capacity_gib * copies(replicas) * 100 // (replicas * USABLE_PERCENT))


def file_size_limit_mb(claim: int) -> int:
    """Size in MB at which a storage file is full, for a volume of `claim` GiB."""
    return min(_LARGEST_FILE_MB, max(1, claim * 1024 // _SLOTS))


def identities(keys: Mapping[BucketPurpose, AccessKey], administrator: AccessKey) -> dict[str, Any]:
    """Content of the S3 configuration file: one identity a bucket that reaches this bucket alone.

    The administrator creates buckets and is used by nothing else. There is no anonymous identity: a request without a
    valid signature is refused.
    """
    return {
        "identities": [
            _identity("administrator", administrator, ["Admin", "Read", "List", "Tagging", "Write"]),
            *(_identity(purpose, keys[purpose], _actions(bucket_name(purpose))) for purpose in sorted(keys)),
        ]
    }


def _identity(name: str, key: AccessKey, actions: list[str]) -> dict[str, Any]:
    credentials = [{"accessKey": key.access_key_id, "secretKey": key.secret_access_key}]
    return {"name": name, "credentials": credentials, "actions": actions}


def _actions(bucket: str) -> list[str]:
    return [f"{action}:{bucket}" for action in ("Read", "Write", "List", "Tagging")]


def files() -> dict[str, str]:
    """Configuration files that hold no secret, by name."""
    return {"filer.toml": _FILER, "master.toml": _MASTER}


_FILER = f"""\
# The index of objects: a database in each server, which the servers replicate among each other. Not PostgreSQL: its
# backups lie in this store, and neither could be restored without the other.
[leveldb2]
enabled = true
dir = "{DATA_FOLDER}/filerldb2"
"""

_MASTER = f"""\
[master.volume_growth]
copy_1 = {GROWTH}
copy_2 = {GROWTH}

# Without this nothing makes a new copy of what a lost volume held.
[master.maintenance]
sleep_minutes = 17
scripts = \"\"\"
  lock
  volume.deleteEmpty -quietFor=24h -apply
  volume.balance -apply
  volume.fix.replication -apply
  fs.log.purge -daysAgo=7
  s3.clean.uploads -timeAgo=24h
  unlock
\"\"\"
"""
