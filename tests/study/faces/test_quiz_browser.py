"""The quiz in a running JupyterLab, driven by keyboard in a real browser."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from embedlab.study.bank import bank, topic_of
from embedlab.study.practice import History

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="Chromium is not installed (Debian: apt install chromium)"
)
TOPIC = "quantization"
PATIENCE = 300  # seconds; a kernel may start slowly where other tests run


def taught():
    """List the headings that the topic's questions lead to."""
    own = [question for question in bank().values() if topic_of(question.id) == TOPIC]
    return sorted({question.teaches for question in own})


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Serve a folder with one notebook that holds a quiz, and the headings it leads to."""
    folder = tmp_path_factory.mktemp("lab")
    import nbformat

    cells = [
        nbformat.v4.new_code_cell(f"from embedlab import quiz\nquiz({TOPIC!r}, seed=3)"),
        nbformat.v4.new_markdown_cell("\n\n".join(f"## {one}\n\nSome text." for one in taught())),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "quiz.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = ["--no-browser", "--allow-root", "--IdentityProvider.token=", f"--port={port}", "--ip=127.0.0.1"]
    environment = os.environ | {
        "EMBEDLAB_DATA": str(folder / "data"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    with open(folder / "log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *quiet, f"--ServerApp.root_dir={folder}"],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(4 * PATIENCE):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, (folder / "log").read_text(encoding="utf-8")
                time.sleep(0.25)
        yield address, folder
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="module")
def page(lab):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(viewport={"width": 1100, "height": 1000})
        page.set_default_timeout(1000 * PATIENCE)
        yield page
        browser.close()


def shot(page, name):
    """Keep a picture for people who want to look ($EMBEDLAB_SHOTS)."""
    if os.environ.get("EMBEDLAB_SHOTS"):
        page.screenshot(path=Path(os.environ["EMBEDLAB_SHOTS"]) / f"{name}.png")


def kernel_is_ready(page):
    """Wait until the kernel answers: a cell that is run before is never answered."""
    page.get_by_text("| Idle").first.wait_for()


def eventually(holds, seconds=PATIENCE):
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


def answer_by_keyboard(page):
    """Give some answer to the question in front, whatever its kind; only keys are pressed."""
    quiz = page.locator(".embedlab-quiz")
    if quiz.get_by_role("button", name="Show the points").count():
        quiz.get_by_role("button", name="Show the points").press("Enter")
        quiz.locator("input[type=checkbox]").first.wait_for()
    field = quiz.locator("input[type=text]")
    if field.count():
        steps = quiz.locator("ol > li").count()
        field.fill("".join(map(str, range(1, steps + 1))) or "1")
        field.press("Enter")
    else:
        quiz.locator("input").first.focus()
        page.keyboard.press("1")
        page.keyboard.press("Enter")
    quiz.locator(".verdict").wait_for()


def test_five_questions_a_score_and_a_history_that_outlives_a_reload(lab, page):
    address, folder = lab
    page.goto(f"{address}/lab/tree/quiz.ipynb")
    kernel_is_ready(page)
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    quiz = page.locator(".embedlab-quiz")
    for number in range(1, 6):
        quiz.get_by_text(f"Question {number} of 5").wait_for()
        if number == 1:
            quiz.get_by_role("button", name="Hint (?)").click()
            quiz.get_by_text("Hint: ").wait_for()
            shot(page, "question")
        answer_by_keyboard(page)
        assert quiz.locator("ol, p").count() > 2, "no explanation"
        shot(page, f"explained-{number}")
        if number == 1:
            link = quiz.get_by_role("link")
            assert link.get_attribute("href").startswith(f"05_{TOPIC}.ipynb#")
            heading = link.inner_text()
            link.press("Enter")
            assert page.evaluate("document.activeElement.tagName") == "H2"
            assert heading in page.evaluate("document.activeElement.textContent")
        quiz.get_by_role("button", name="Next").press("Enter")
    quiz.get_by_text(re.compile(r"of 5 points")).wait_for()
    shot(page, "done")
    records = History(folder / "data" / "history.sqlite").records()
    assert len(records) == 5
    assert len({record.question for record in records}) == 5
    assert [record.hinted for record in records] == [True, False, False, False, False]
    points = f"{sum(record.score for record in records):.3g} of 5 points"
    assert points in quiz.inner_text()

    page.keyboard.press("Control+s")
    eventually(lambda: "widget-view" in (folder / "quiz.ipynb").read_text(encoding="utf-8"))  # it is saved
    page.reload()
    page.locator(".jp-CodeCell .cm-content").first.wait_for()
    quiz.get_by_text("Answered so far: 5 of").wait_for()  # the kernel has kept the widget
    assert points in quiz.inner_text()

    kernel_is_ready(page)
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")  # another quiz, with other questions
    quiz.get_by_text("Question 1 of 5").wait_for()
    answer_by_keyboard(page)
    records = History(folder / "data" / "history.sqlite").records()
    assert len({record.question for record in records}) == 6
    shot(page, "again")
