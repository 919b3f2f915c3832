"""What can go wrong with the real servers."""

from __future__ import annotations


class ServersError(Exception):
    """An environment or a server cannot be had. The message names the cause and the fix."""


class IndexUnreachableError(ServersError):
    """The package index does not answer, so an environment that is not built yet cannot be built now."""
