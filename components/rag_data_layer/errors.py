"""What is wrong with a request to the data layer."""

from __future__ import annotations


class DataLayerError(ValueError):
    """A store that cannot run as asked. The message names the setting, the fault and the fix."""
