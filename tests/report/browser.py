"""Chromium without a window, for tests that look at the page as a reader does."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

PHONE = (360, 740)
DESKTOP = (1280, 900)

Scheme = Literal["light", "dark"]

_LOGS = {"browser": "ALL", "performance": "ALL"}


def missing_programs() -> list[str]:
    """What has to be installed (Debian: chromium, chromium-driver)."""
    return [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]


@contextmanager
def browser(profile: Path) -> Generator[Chrome]:
    """A browser of its own, with all of its files below `profile`."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    arguments = ["--headless=new", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking"]
    arguments += ["--disable-component-update", "--no-first-run", "--no-proxy-server", f"--user-data-dir={profile}"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium refuses its sandbox to root
    # Containers often have 64 MiB of shared memory, which one large page fills.
    arguments.append("--disable-dev-shm-usage")
    for argument in arguments:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", _LOGS)
    driver = Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        driver.get("about:blank")
        requested(driver)
        yield driver
    finally:
        driver.quit()


def show(driver: Chrome, path: Path, size: tuple[int, int], scheme: Scheme = "light", *, script: bool = True) -> None:
    """Open a file on a screen of `size`, in a colour scheme, with or without JavaScript."""
    command = driver.execute_cdp_cmd
    command("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
    command("Emulation.setDeviceMetricsOverride", metrics)
    command("Emulation.setScriptExecutionDisabled", {"value": not script})
    driver.get(path.as_uri())


def screenshot(driver: Chrome, path: Path) -> None:
    """Save the whole page as PNG, not only what the screen shows."""
    size = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
    options = {"captureBeyondViewport": True, "format": "png", "clip": clip}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", options)["data"]))


def requested(driver: Chrome) -> list[str]:
    """Addresses that pages asked for since the last call, answered or not; without the browser's own and the inline."""
    messages: list[dict[str, Any]] = [
        json.loads(entry["message"])["message"]
        for entry in driver.get_log("performance")  # pyright: ignore[reportUnknownMemberType]
    ]
    addresses = [
        str(message["params"]["request"]["url"])
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    return [address for address in addresses if not address.startswith(("chrome://", "data:"))]


def complaints(driver: Chrome) -> list[str]:
    """Everything on the console since the last call."""
    return [str(entry["message"]) for entry in driver.get_log("browser")]  # pyright: ignore[reportUnknownMemberType]
