"""A comparison as files: JSON for tools, one self-contained page for people."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tools.html_templates import html_templates
from tools.parity.table import summary
from tools.parity.verdicts import ParityReport

VERSION = 1
"""Of the JSON file: another shape is another version."""

FOLDER = Path("build/parity")
_TEMPLATES = Path(__file__).parent / "templates"


def as_document(report: ParityReport) -> dict[str, Any]:
    """The content of the JSON file."""
    counts = {verdict.value: number for verdict, number in report.counts.items()}
    return {"version": VERSION, "exitCode": report.exit_code, "counts": counts, **asdict(report)}


def as_page(report: ParityReport) -> str:
    """The page: no script, no request to anywhere."""
    return html_templates(_TEMPLATES).get_template("page.html.jinja").render(report=report, summary=summary(report))


def write_files(report: ParityReport, root: Path) -> tuple[Path, Path]:
    """Write both files below `root`/build/parity; returns their paths."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    data, page = (folder / f"{report.left}-{report.right}.{suffix}" for suffix in ("json", "html"))
    data.write_text(json.dumps(as_document(report), indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    page.write_text(as_page(report), "utf-8")
    return data, page
