"""What the report command refuses."""

from __future__ import annotations


class ReportError(Exception):
    """The report cannot be written; the message says why and what to do."""
