"""What can go wrong while a release is read."""

from __future__ import annotations


class ReleaseError(Exception):
    """The release cannot be had or is not what it should be. The message says what to do."""
