"""The folder that a checkpoint is copied to."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError

from .checkpoint import GIBIBYTE, CheckpointError
from .store import MEBIBYTE, Bucket, at_once

FILES_AT_ONCE = 4
STREAMS = 16
"""Connections over which parts of files are read. One connection to S3 gives about 85 MB/s, a local disk takes more."""
PART = 64 * MEBIBYTE
ATTEMPTS = 6
REPORT_SECONDS = 15.0

_MARKER = ".complete"
_PARTIAL = ".partial"

log = logging.getLogger("fetch")


@dataclass(frozen=True)
class Copy:
    """A file to copy. `sha256` is empty where the bucket has no listing."""

    name: str
    size: int
    sha256: str


class Target:
    """A folder that holds a whole checkpoint or does not exist."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._partial = folder.with_name(folder.name + _PARTIAL)

    def holds(self, fingerprint: str) -> bool:
        """Whether the checkpoint with this fingerprint is there. Raises CheckpointError when another one is."""
        if not self.folder.exists():
            return False
        marker = self.folder / _MARKER
        if marker.read_text("utf-8") != fingerprint:
            message = (
                f"{self.folder} holds a checkpoint that the bucket has changed since: put new weights under a new "
                "prefix (weights.s3), servers may be reading these"
            )
            raise CheckpointError(message)
        # What was in use last is what `_remove_older` keeps.
        marker.touch()
        return True

    def fill(self, bucket: Bucket, copies: list[Copy], fingerprint: str) -> None:
        """Copy everything and give the folder its name."""
        self._remove_older()
        missing = [copy for copy in copies if not self._has(copy)]
        self._make_room(sum(copy.size for copy in missing))
        progress = _Progress(sum(copy.size for copy in missing))
        with ThreadPoolExecutor(STREAMS) as streams:
            at_once(FILES_AT_ONCE, lambda copy: self._copy(bucket, copy, streams, progress), missing)
        (self._partial / _MARKER).write_text(fingerprint, "utf-8")
        self._partial.rename(self.folder)

    def _copy(self, bucket: Bucket, copy: Copy, streams: ThreadPoolExecutor, progress: _Progress) -> None:
        path = self._partial / copy.name
        unfinished = path.with_name(path.name + _PARTIAL)
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            file.truncate(copy.size)
            parts = [
                streams.submit(_copy_part, bucket, copy, file.fileno(), start, progress)
                for start in range(0, copy.size, PART)
            ]
            try:
                for part in parts:
                    part.result()
            finally:
                # The file is closed here: no thread may write to its number, which the next file gets.
                _end(parts)
        if copy.sha256 and _sha256(unfinished) != copy.sha256:
            unfinished.unlink()
            message = f"{copy.name} of {bucket} is not the file that its listing names: copy the checkpoint again"
            raise CheckpointError(message)
        unfinished.rename(path)
        log.info("%s, %.1f MiB", copy.name, copy.size / MEBIBYTE)

    def _has(self, copy: Copy) -> bool:
        path = self._partial / copy.name
        return path.exists() and path.stat().st_size == copy.size and (not copy.sha256 or _sha256(path) == copy.sha256)

    def _make_room(self, needed: int) -> None:
        self._partial.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self._partial).free
        if needed > free:
            message = f"{self.folder} needs {needed / GIBIBYTE:.1f} GiB more, and {free / GIBIBYTE:.1f} GiB are free"
            raise OSError(message)

    def _remove_older(self) -> None:
        """Keep the copy that was in use last: servers read it until they are replaced."""
        others = [each for each in _folders(self.folder.parent) if each not in {self.folder, self._partial}]
        unfinished = [each for each in others if each.name.endswith(_PARTIAL)]
        whole = sorted(
            (each for each in others if each not in unfinished and (each / _MARKER).exists()),
            key=lambda each: (each / _MARKER).stat().st_mtime,
        )
        for each in (*unfinished, *whole[:-1]):
            log.info("removing %s", each)
            shutil.rmtree(each)


class _Progress:
    """Says from time to time how far the copy is."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._lock = total, 0, threading.Lock()
        self._begun = self._reported = time.monotonic()

    def add(self, size: int) -> None:
        """`size` bytes more."""
        with self._lock:
            self._done += size
            now = time.monotonic()
            if now - self._reported >= REPORT_SECONDS:
                self._reported = now
                rate = self._done / MEBIBYTE / (now - self._begun)
                log.info("%.1f of %.1f GiB, %.0f MiB/s", self._done / GIBIBYTE, self._total / GIBIBYTE, rate)


def _copy_part(bucket: Bucket, copy: Copy, file: int, start: int, progress: _Progress) -> None:
    """Write the part of the object that begins at `start`; a broken connection is taken up where it broke."""
    position, stop, failures = start, min(start + PART, copy.size), 0
    while position < stop:
        before = position
        try:
            for piece in bucket.part(copy.name, position, stop):
                os.pwrite(file, piece, position)
                position += len(piece)
                progress.add(len(piece))
        except BotoCoreError as error:
            failures = 1 if position > before else failures + 1
            if failures == ATTEMPTS:
                raise
            log.warning("%s broke after %d bytes (%s)", copy.name, position, error)
            time.sleep(2.0**failures)


def _end(parts: list[Future[None]]) -> None:
    for part in parts:
        part.cancel()
    wait(parts)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folders(parent: Path) -> list[Path]:
    # Nobody but root can look into the folder that ext4 makes.
    return [each for each in parent.iterdir() if each.name != "lost+found" and each.is_dir()] if parent.exists() else []
