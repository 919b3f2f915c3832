"""What a person can do something about."""

from __future__ import annotations


class MutantsError(RuntimeError):
    """The trial cannot be run; the message says why."""
