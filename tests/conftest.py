"""Fixtures that tests of every kind share."""

from __future__ import annotations

import os

# An Output in an f-string only logs a warning and deploys its own warning text; here it raises.
os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "1"
