"""What every environment must provide, whatever it runs on, and how its resources prove it."""

from __future__ import annotations

from components.base.capabilities.names import ANNOTATION, CAPABILITIES, Capability, provides

__all__ = ["ANNOTATION", "CAPABILITIES", "Capability", "provides"]
