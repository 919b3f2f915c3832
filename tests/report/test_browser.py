"""The page in a real browser: on a phone and on a desktop, by keyboard, in both colour schemes, without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.report.browser import (
    DESKTOP,
    PHONE,
    Scheme,
    browser,
    complaints,
    missing_programs,
    requested,
    screenshot,
    show,
)
from tests.report.reports import contents_of
from tests.report.test_page import SECTIONS
from tests.stacks.conftest import ROOT, STACKS
from tools.report.findings import ShownFinding
from tools.report.page import page

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]

SCREENSHOTS = ROOT / "build" / "report" / "screenshots"
SIZES = {"phone": PHONE, "desktop": DESKTOP}

OVERLAPS = """
const boxes = [...document.querySelectorAll(".topology text")].map((text) => text.getBoundingClientRect());
let found = 0;
boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
  if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2) found += 1;
}));
return found;
"""
"""Texts of the picture that lie on each other."""

OUTSIDE = """
return [...document.querySelectorAll(".topology .box")].flatMap((box) => {
  const frame = box.querySelector("rect").getBoundingClientRect();
  return [...box.querySelectorAll("text")].filter((text) => {
    const place = text.getBoundingClientRect();
    return place.left < frame.left || place.right > frame.right || place.bottom > frame.bottom + 1;
  }).map((text) => text.textContent);
});
"""
"""Texts of the picture that leave their box."""

LOW_CONTRAST = """
const channels = (colour) => (colour.match(/[0-9.]+/g) || []).map(Number);
const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const light = (rgb) => rgb.slice(0, 3).map((v) => linear(v / 255))
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const back = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const found = channels(getComputedStyle(e).backgroundColor);
    if (found.length === 3 || found[3] === 1) return found;
  }
  return [255, 255, 255];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const low = [];
let texts = 0;
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || element.closest("svg, script, style, option, [hidden]")) continue;
  texts += 1;
  const [a, b] = [light(channels(getComputedStyle(element).color)), light(back(element))].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) low.push(walker.currentNode.textContent.trim());
}
return [texts, low];
"""
"""How many texts there are, and those with a contrast below 4.5 : 1."""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


FINDINGS = tuple(
    ShownFinding(
        result=result,
        severity=severity,
        rule=rule,
        subject=f"models/Deployment/{name}",
        path="spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation",
        message="must be false",
        remediation="Set it to false.",
        exception="",
    )
    for result, severity, rule, name in (
        ("MANDATORY", "critical", "POD-01", "first"),
        ("MANDATORY", "high", "POD-07", "second"),
        ("ADVISORY", "high", "POD-07", "third"),
        ("UNDECIDED", "medium", "STK-06", "fourth"),
        ("EXEMPT", "low", "NS-01", "fifth"),
    )
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of each stack, one (`found`) with findings of every kind, and one (`none`) without any."""
    folder = tmp_path_factory.mktemp("pages")
    for stack in STACKS:
        (folder / f"{stack}.html").write_text(page(contents_of(stack)), "utf-8")
    made = contents_of("dev")
    for name, shown in (("found", FINDINGS), ("none", ())):
        findings = replace(made.findings, shown=shown, exceptions=())
        (folder / f"{name}.html").write_text(page(replace(made, findings=findings)), "utf-8")
    return folder


def run(driver: Chrome, script: str) -> Any:
    return driver.execute_script(script)  # pyright: ignore[reportUnknownMemberType]


def visible_findings(driver: Chrome) -> list[str]:
    rows = driver.find_elements(By.CSS_SELECTOR, ".findings > li")
    return [row.find_element(By.CSS_SELECTOR, ".subject").text.rpartition("/")[2] for row in rows if row.is_displayed()]


def press(driver: Chrome, *keys: str) -> None:
    for key in keys:
        ActionChains(driver).send_keys(key).perform()


def focus_by_tab(driver: Chrome, wanted: str) -> None:
    """Go on with the tab key until the element with the id `wanted` has the focus."""
    for _ in range(200):
        press(driver, Keys.TAB)
        if run(driver, "return document.activeElement.id") == wanted:
            return
    pytest.fail(f"the tab key never reaches {wanted}")


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("screen", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_whole_and_quiet(driver: Chrome, pages: Path, stack: str, screen: str, scheme: Scheme) -> None:
    path = pages / f"{stack}.html"
    show(driver, path, SIZES[screen], scheme)
    screenshot(driver, SCREENSHOTS / f"{stack}-{screen}-{scheme}.png")
    assert complaints(driver) == []
    assert set(requested(driver)) == {path.as_uri()}
    for name in SECTIONS:
        assert driver.find_element(By.ID, name).is_displayed()
    assert run(driver, "return document.documentElement.scrollWidth") <= SIZES[screen][0]
    texts, low = run(driver, LOW_CONTRAST)
    assert texts > 500
    assert low == []


@pytest.mark.parametrize("stack", STACKS)
def test_texts_of_the_picture_do_not_lie_on_each_other(driver: Chrome, pages: Path, stack: str) -> None:
    show(driver, pages / f"{stack}.html", DESKTOP)
    assert len(driver.find_elements(By.CSS_SELECTOR, ".topology text")) > 40
    assert run(driver, OVERLAPS) == 0
    assert run(driver, OUTSIDE) == []


def test_a_request_to_elsewhere_is_refused_by_the_page_itself(driver: Chrome, pages: Path) -> None:
    show(driver, pages / "dev.html", DESKTOP)
    complaints(driver)
    run(driver, "document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}))")
    run(driver, "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)")
    assert run(driver, "return window.ran === undefined")
    assert sum("Content Security Policy" in line for line in complaints(driver)) == 2


def test_the_first_tab_reaches_the_skip_link_and_it_leads_to_the_report(driver: Chrome, pages: Path) -> None:
    show(driver, pages / "dev.html", DESKTOP)
    press(driver, Keys.TAB)
    skip = driver.switch_to.active_element
    assert skip.text == "Skip to the report"
    assert skip.location["y"] >= 0
    press(driver, Keys.ENTER)
    assert run(driver, "return document.activeElement.id") == "main"
    press(driver, Keys.TAB)
    assert driver.switch_to.active_element.get_attribute("class") == "scroll picture"


def test_the_focus_is_visible(driver: Chrome, pages: Path) -> None:
    show(driver, pages / "dev.html", DESKTOP)
    press(driver, Keys.TAB, Keys.TAB)
    style = run(driver, "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, s.outlineWidth]")
    assert style == ["solid", "3px"]


def test_the_filter_works_by_keyboard(driver: Chrome, pages: Path) -> None:
    show(driver, pages / "found.html", DESKTOP)
    assert len(visible_findings(driver)) == len(FINDINGS)
    focus_by_tab(driver, "filter-result")
    press(driver, "M")
    assert visible_findings(driver) == ["first", "second"]
    assert driver.find_element(By.ID, "filter-status").text == "2 of 5 findings shown"
    press(driver, Keys.TAB)
    press(driver, "h")
    assert visible_findings(driver) == ["second"]
    focus_by_tab(driver, "filter-reset")
    press(driver, Keys.ENTER)
    assert len(visible_findings(driver)) == len(FINDINGS)


def test_rule_and_text_filter_the_findings(driver: Chrome, pages: Path) -> None:
    show(driver, pages / "found.html", PHONE)
    focus_by_tab(driver, "filter-rule")
    press(driver, *"POD-07")
    assert visible_findings(driver) == ["second", "third"]
    press(driver, Keys.TAB)
    press(driver, *"ADVISORY Third", Keys.ENTER)
    assert visible_findings(driver) == ["third"]
    press(driver, *"nothing")
    assert visible_findings(driver) == []
    assert driver.find_element(By.ID, "filter-status").text == "0 of 5 findings shown"
    assert complaints(driver) == []


def test_without_findings_there_is_no_filter(driver: Chrome, pages: Path) -> None:
    show(driver, pages / "none.html", DESKTOP)
    assert driver.find_elements(By.ID, "filter") == []
    assert "No finding." in driver.find_element(By.ID, "findings").text
    assert complaints(driver) == []


def test_the_page_is_complete_without_javascript(driver: Chrome, pages: Path) -> None:
    show(driver, pages / "found.html", DESKTOP, script=False)
    try:
        assert len(visible_findings(driver)) == len(FINDINGS)
        assert not driver.find_element(By.ID, "filter").is_displayed()
    finally:
        show(driver, pages / "found.html", DESKTOP)


def test_details_are_printed_though_they_are_closed(driver: Chrome, pages: Path) -> None:
    show(driver, pages / "dev.html", DESKTOP)
    shown = "return document.getElementById('connections-caption').checkVisibility()"
    assert not run(driver, shown)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert run(driver, shown)
        assert not driver.find_element(By.TAG_NAME, "nav").is_displayed()
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
