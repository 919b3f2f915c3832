"""Files that a script lays down on a host: what they hold, and how they are handed to bash."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class HostFile:
    """One file. `path` is absolute on the host, `mode` octal digits (`600`); `restart` says whether k3s must be
    restarted when its content changes.
    """

    path: str
    content: str
    mode: str = "600"
    restart: bool = True


def bash_arrays(files: Iterable[HostFile]) -> str:
    """Assignments of the arrays FILE_PATHS, FILE_MODES, FILE_RESTARTS and FILE_CONTENTS, which a script loops over.

    They are part of a script's standard input, so that no content appears in a process list.
    """
    listed = tuple(files)
    columns = {
        "FILE_PATHS": [file.path for file in listed],
        "FILE_MODES": [file.mode for file in listed],
        "FILE_RESTARTS": ["yes" if file.restart else "no" for file in listed],
        "FILE_CONTENTS": [file.content for file in listed],
    }
    return "\n".join(f"{name}=({' '.join(shlex.quote(value) for value in values)})" for name, values in columns.items())
