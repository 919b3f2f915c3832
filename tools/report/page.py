"""The page: one HTML file that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any, cast

from markupsafe import Markup

from tools.html_templates import html_templates
from tools.report.build import Contents
from tools.report.findings import RESULTS, SEVERITIES
from tools.report.parity import by_urgency, differing, verdict_text
from tools.report.units import FILTERS

TEMPLATES = Path(__file__).with_name("templates")


def page(contents: Contents) -> str:
    """The HTML of a report. Everything that comes from the stack is escaped."""
    environment = html_templates(TEMPLATES)
    # Jinja names no type for its filters: a checker takes that of the ones it brings.
    filters = cast("dict[str, Any]", environment.filters)
    filters |= FILTERS | {"by_urgency": by_urgency, "differing": differing, "verdict_text": verdict_text}
    style, script = _asset("style.css"), _asset("page.js")
    return environment.get_template("page.html.jinja").render(
        report=contents,
        results=RESULTS,
        severities=SEVERITIES,
        style=Markup(style),  # noqa: S704 # a file of this folder, nothing of the stack is in it
        script=Markup(script),  # noqa: S704 # as above
        security=_security(style, script),
    )


def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text("utf-8")


def _security(style: str, script: str) -> str:
    """A content security policy under which the page loads nothing, and runs this script and this style alone."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
