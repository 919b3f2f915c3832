"""Keeps a model server's LoRA adapters as they are in a bucket: copies them, checks them, has the server load them.

Runs in the vLLM image (boto3, no GPU) beside the server, until it is stopped. Every version of an adapter gets a folder
of its own, which appears complete or not at all, and the server is told to load it over the pod's own loopback. A new
path per version matters: the server's prefix cache tells adapters apart by path. An adapter that is not what was
declared, or that this server cannot run, is left out with the reason in the log, and the version before keeps running.

The file `.ready` exists while the server answers and every adapter has been tried since it started.

Environment: S3_BUCKET, S3_PATH_STYLE=1 where the store wants it, ADAPTERS (JSON: a list of objects with name, prefix
and bases, the names that `base_model_name_or_path` may have), ADAPTER_FOLDER, ADAPTER_MAX_RANK, ADAPTER_MAX_BYTES,
SERVER_URL, VLLM_API_KEY, POLL_SECONDS; and the usual AWS variables.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .adapter_copies import Bucket, Declared, Limits, Shelf, Version
from .adapter_files import AdapterError
from .model_server import Server, ServerBusyError

LOOKS_UNTIL_NEXT_TRY = 20
"""A version that was refused is copied and loaded again only after so many looks: each try costs a copy, and the server
answers nobody while it loads."""

log = logging.getLogger("adapters")


@dataclass
class Refusal:
    """A version that cannot be served, why, and for how many looks that is taken as settled."""

    version: Version
    reason: str
    looks: int = LOOKS_UNTIL_NEXT_TRY


@dataclass
class Sync:
    """One server's adapters. `seen` is the version of the last look at each, `problems` what was last said of it,
    `refusals` are the versions that were refused. `answered`: the server did at the last look."""

    bucket: Bucket
    shelf: Shelf
    server: Server
    adapters: tuple[Declared, ...]
    limits: Limits
    seen: dict[str, Version] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    answered: bool = False

    def look(self) -> bool:
        """Look at everything once; whether requests for adapters can be answered."""
        try:
            loaded = self.server.loaded()
        except ServerBusyError:
            # It runs with what it has. Taken out of the Service, its load would fall on replicas as busy as this one.
            return self.answered
        if loaded is None:
            self.shelf.ready(now=False)
        elif not self.answered:
            self.refusals.clear()
        self.answered = loaded is not None
        for adapter in self.adapters:
            self._look_at(adapter, loaded)
        if loaded is not None:
            self.shelf.ready(now=True)
        return loaded is not None

    def _look_at(self, adapter: Declared, loaded: Mapping[str, str] | None) -> None:
        try:
            self._keep(adapter, loaded)
        except (AdapterError, ClientError, BotoCoreError, OSError) as error:
            self._say(adapter, str(error))
        except Exception as error:  # nothing in a bucket may end the program: its pod would stop serving the model
            self._say(adapter, repr(error))
        else:
            self._say(adapter, "")

    def _keep(self, adapter: Declared, loaded: Mapping[str, str] | None) -> None:
        version = self.bucket.version(adapter.prefix)
        settled = self.seen.get(adapter.name) == version
        self.seen[adapter.name] = version
        runs = (loaded or {}).get(adapter.name)
        path = self.shelf.path(adapter, version)
        # Two files are not replaced at once: a change counts when two looks have seen the same.
        if runs == str(path) or (runs is not None and not settled):
            return
        self._stay_refused(adapter, version)
        try:
            path = self.shelf.place(self.bucket, adapter, version, self.limits)
            if loaded is not None:
                self.server.load(adapter.name, path, again=runs is not None)
                log.info("%s: version %s is served", adapter.name, version.name)
                self.shelf.prune(adapter, path)
        except AdapterError as error:
            self.refusals[adapter.name] = Refusal(version, str(error))
            raise

    def _stay_refused(self, adapter: Declared, version: Version) -> None:
        """Raise AdapterError when `version` was refused not long ago."""
        refusal = self.refusals.get(adapter.name)
        if refusal is None or refusal.version != version:
            return
        refusal.looks -= 1
        if refusal.looks > 0:
            raise AdapterError(refusal.reason)

    def _say(self, adapter: Declared, problem: str) -> None:
        """Log a problem when it appears, not with every look."""
        if problem and self.problems.get(adapter.name) != problem:
            log.error("%s: not served: %s", adapter.name, problem)
        self.problems[adapter.name] = problem


def make_sync(environment: Mapping[str, str]) -> Sync:
    """The work that the environment describes."""
    style = {"s3": {"addressing_style": "path"}} if environment.get("S3_PATH_STYLE") == "1" else {}
    client = boto3.client("s3", config=Config(retries={"max_attempts": 4, "mode": "standard"}, **style))
    declared = json.loads(environment["ADAPTERS"])
    return Sync(
        bucket=Bucket(client, environment["S3_BUCKET"]),
        shelf=Shelf(Path(environment["ADAPTER_FOLDER"])),
        server=Server(environment["SERVER_URL"], environment["VLLM_API_KEY"]),
        adapters=tuple(
            Declared(name=item["name"], prefix=item["prefix"], bases=tuple(item["bases"])) for item in declared
        ),
        limits=Limits(rank=int(environment["ADAPTER_MAX_RANK"]), size=int(environment["ADAPTER_MAX_BYTES"])),
    )


def main(environment: Mapping[str, str]) -> int:
    """Exit status of the program."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    sync = make_sync(environment)
    poll = float(environment["POLL_SECONDS"])
    while not stop.is_set():
        sync.look()
        stop.wait(poll)
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
