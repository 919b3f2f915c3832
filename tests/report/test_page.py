"""The page as text: complete, well formed, quiet, the same every time."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.report.reports import contents_of, page_of, sources_of
from tests.stacks.conftest import ROOT, STACKS
from tools.report.build import contents
from tools.report.command import counterpart, run_report
from tools.report.errors import ReportError
from tools.report.page import page

SECTIONS = [
    "summary",
    "topology",
    "network",
    "placement",
    "fit",
    "cost",
    "findings",
    "parity",
    "images",
    "weights",
]
VOID = {"meta", "link", "input", "wbr", "br"}
ELEMENTS_THAT_LOAD = {"img", "iframe", "object", "embed", "audio", "video", "source", "track", "base", "form"}


class Outline(HTMLParser):
    """Elements, ids and headings of a page; fails where an element is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[int] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(params=STACKS)
def outline(request: pytest.FixtureRequest) -> Outline:
    return Outline(page_of(request.param))


def test_every_element_is_closed_and_every_id_is_there_once(outline: Outline) -> None:
    assert outline.open == []
    ids = Counter(str(attributes["id"]) for _, attributes in outline.elements if "id" in attributes)
    assert [name for name, number in ids.items() if number > 1] == []
    for _, attributes in outline.elements:
        for name in str(attributes.get("aria-labelledby") or "").split():
            assert name in ids
    for link in outline.all("a"):
        assert str(link["href"]).removeprefix("#") in ids


def test_all_sections_are_there_in_order_and_in_the_menu(outline: Outline) -> None:
    assert [section["id"] for section in outline.all("section")] == SECTIONS
    menu = [str(link["href"]) for link in outline.all("a") if str(link.get("href")).removeprefix("#") in SECTIONS]
    assert menu == [f"#{name}" for name in SECTIONS]


def test_headings_skip_no_level(outline: Outline) -> None:
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    for one, following in zip(outline.headings, outline.headings[1:], strict=False):
        assert following <= one + 1


def test_the_page_has_landmarks_and_a_language(outline: Outline) -> None:
    assert [attributes["lang"] for attributes in outline.all("html")] == ["en"]
    for landmark in ("header", "nav", "main", "footer"):
        assert len(outline.all(landmark)) == 1
    first_link = outline.all("a")[0]
    assert (first_link["class"], first_link["href"]) == ("skip", "#main")


def test_every_table_has_a_caption_and_scoped_heads(outline: Outline) -> None:
    assert len(outline.all("table")) >= 8
    assert len(outline.all("caption")) == len(outline.all("table"))
    assert all(head.get("scope") in {"col", "row"} for head in outline.all("th"))
    regions = [area for area in outline.all("div") if area.get("class") in {"scroll", "scroll picture"}]
    assert len(regions) == len(outline.all("table")) + 1
    assert all(area.get("tabindex") == "0" and area.get("role") == "region" for area in regions)


def test_nothing_is_loaded_and_no_code_hides_in_attributes(outline: Outline) -> None:
    for tag, attributes in outline.elements:
        assert tag not in ELEMENTS_THAT_LOAD
        assert "style" not in attributes
        assert "src" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        if tag == "link":
            assert attributes == {"rel": "icon", "href": "data:,"}
    [policy] = [meta["content"] for meta in outline.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert str(policy).startswith("default-src 'none'; ")
    assert "unsafe" not in str(policy)


def test_equal_sources_give_an_equal_page() -> None:
    assert page(contents(sources_of("dev"))) == page_of("dev")


def test_the_day_is_the_one_that_is_handed_over() -> None:
    text = page(replace(contents_of("dev"), today=contents_of("dev").today.replace(year=2031)))
    assert "2031-11-21" in text


def test_what_comes_from_the_stack_is_escaped() -> None:
    made = contents_of("dev")
    text = page(replace(made, summary=replace(made.summary, domain="<script>alert(1)</script>/<b>")))
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_paths_that_may_break_are_escaped_too() -> None:
    made = contents_of("dev")
    image = replace(made.software.images[0], repository="host/<i>one</i>")
    text = page(replace(made, software=replace(made.software, images=(image,))))
    assert "host/<wbr>&lt;i&gt;one&lt;/<wbr>i&gt;" in text


def test_a_size_that_nobody_knows_is_not_invented() -> None:
    rows = re.findall(r"<td class=\"quiet\">(.*?)</td>", page_of("prod"))
    assert rows == ["not known offline"] * len(contents_of("prod").software.images)


@pytest.mark.parametrize(("stack", "other"), [("prod", "dev"), ("dev", "prod"), ("local", "prod")])
def test_a_stack_is_compared_with_its_counterpart(stack: str, other: str) -> None:
    assert counterpart(stack) == other
    made = contents_of(stack)
    assert (made.parity.left, made.parity.right) == (stack, other)
    assert f"Parity with {other}" in page_of(stack)


def test_a_day_that_is_no_number_is_refused() -> None:
    with pytest.raises(ReportError, match="SOURCE_DATE_EPOCH: must be seconds since 1970"):
        run_report(None, ROOT, "dev", {"SOURCE_DATE_EPOCH": "yesterday"})  # pyright: ignore[reportArgumentType]


def test_the_help_of_make_names_the_report() -> None:
    assert re.search(r"^report: .*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert Path(ROOT / "docs" / "report.md").is_file()
