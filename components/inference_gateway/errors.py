"""Errors of the inference gateway."""

from __future__ import annotations


class GatewayError(ValueError):
    """A gateway that cannot run as asked. The message names the setting, the fault and the fix."""
