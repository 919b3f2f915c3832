"""Files and folders replaced as a whole: a reader, or a second render at the same time, sees all or nothing."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Write `text` beside `path` and put it in its place in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        written = Path(folder) / path.name
        written.write_text(text, "utf-8")
        written.replace(path)


@contextmanager
def replaced_folder(folder: Path) -> Generator[Path]:
    """An empty folder to write into, which takes the place of `folder` at the end; not after an exception."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-", ignore_cleanup_errors=True) as name:
        written = Path(name) / "new"
        written.mkdir()
        yield written
        _swap(written, folder)


def _swap(written: Path, folder: Path) -> None:
    for attempt in count():
        try:
            written.replace(folder)
        except OSError as error:
            # No call replaces a folder that holds something.
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
            # Where it is gone by now, another process is doing the same.
            with suppress(FileNotFoundError):
                folder.replace(written.with_name(f"old-{attempt}"))
        else:
            return
