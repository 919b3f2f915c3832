"""Colours of the page, computed from its style sheet: text 4.5 : 1, lines and focus marks 3 : 1 (WCAG 2.2 AA)."""

from __future__ import annotations

import re

import pytest

from tools.report.page import TEMPLATES

TEXTS = [
    ("text", "page"),
    ("text", "surface"),
    ("text", "sunken"),
    ("quiet", "page"),
    ("quiet", "surface"),
    ("quiet", "sunken"),
    ("link", "page"),
    ("link", "surface"),
    ("link", "sunken"),
    ("stop", "stop-back"),
    ("look", "look-back"),
    ("go", "go-back"),
    ("open", "open-back"),
]
MARKS = [
    *[(f"line-{number}", "surface") for number in range(8)],
    *[(name, "sunken") for name in ("weights", "working", "cache", "focus")],
    ("focus", "page"),
    ("focus", "surface"),
    ("quiet", "surface"),
]


def palettes() -> dict[str, dict[str, str]]:
    style = (TEMPLATES / "style.css").read_text("utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", style.partition("@media print")[0], re.DOTALL)
    found = {
        name: dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", block))
        for name, block in (("light", light), ("dark", dark))
    }
    assert found["light"].keys() == found["dark"].keys()
    return found


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_the_guidelines_say() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"), [(*pair, 4.5) for pair in TEXTS] + [(*pair, 3.0) for pair in MARKS]
)
def test_colours_are_told_apart(scheme: str, front: str, back: str, least: float) -> None:
    palette = palettes()[scheme]
    assert contrast(palette[front], palette[back]) >= least


def test_every_colour_of_the_style_sheet_is_a_variable() -> None:
    style = (TEMPLATES / "style.css").read_text("utf-8")
    rules = re.sub(r":root \{.*?\}", "", style, flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", rules) == []
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", style)) - {"line"}
    assert used <= palettes()["light"].keys()
