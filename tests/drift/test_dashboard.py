"""The dashboard: whole without the network, and seen in a real browser, light and dark."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from embedlab import drift

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def month():
    return drift.make_month(drift.shipped_month())


@pytest.fixture(scope="module")
def text(month):
    return drift.dashboard(month)


def test_nothing_comes_from_outside(text):
    assert not re.search(r"<script|<link|@import|url\(|src=|https?:", text)
    assert len(text.encode()) < 400_000


def test_every_panel_has_a_unit_a_limit_and_words(month, text):
    for panel in drift.panels(month):
        for part in (panel.title, panel.unit, panel.means, panel.do, f"{panel.limit:g}"):
            assert part.replace("'", "&#x27;") in text
    assert text.count('class="limit"') == len(drift.panels(month)) == text.count('role="img"')


def test_no_incident_is_lost_by_thinning_the_line(month):
    from embedlab.drift.dashboard import draw

    panel = drift.panels(month)[0]
    spike = np.zeros_like(panel.values)
    spike[4321] = panel.top
    import dataclasses

    drawn = draw(dataclasses.replace(panel, values=spike))
    heights = [float(pair.split(",")[1]) for pair in re.search(r'points="(.*?)"', drawn)[1].split()]
    assert min(heights) < sorted(heights)[1]


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed (Debian: apt install chromium)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_without_errors(month, tmp_path, scheme):
    from playwright.sync_api import sync_playwright

    file, said = drift.write_dashboard(month, tmp_path / "dashboard.html"), []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(file.as_uri())
        for panel in drift.panels(month):
            assert page.get_by_role("heading", name=panel.title, exact=True).is_visible()
        boxes = page.locator("svg").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
        assert min(boxes) > 300
        back = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", back)[:3])) > 382) == (scheme == "light")
        page.set_viewport_size({"width": 390, "height": 800})  # a phone: nothing sticks out
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        if os.environ.get("EMBEDLAB_SHOTS"):
            page.screenshot(
                path=Path(os.environ["EMBEDLAB_SHOTS"]) / f"dashboard-{scheme}.png", full_page=True
            )
        browser.close()
    assert said == []
