"""The wheel: built, installed apart from the checkout, it asks and searches with the data that it ships."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMAND = "-c", "from embedlab.cli import app; app()"
pytestmark = pytest.mark.slow


def run(*command, **settings):
    settings = {"capture_output": True, "text": True, "check": False, "timeout": 300} | settings
    return subprocess.run([sys.executable, *command], **settings)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build it with the backend of this environment, without network; the workflow builds it apart."""
    folder = tmp_path_factory.mktemp("dist")
    done = run("-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = folder.glob("embedlab-*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Install it into a folder that comes first on the path; return what processes elsewhere need."""
    site, away = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("away")
    done = run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", site, wheel)
    assert done.returncode == 0, done.stderr
    settings = os.environ | {"PYTHONPATH": str(site), "EMBEDLAB_DATA": str(away)}
    return {"cwd": away, "env": settings}


def test_it_holds_the_package_and_its_data(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in (*ROOT.glob("embedlab/**/*"), *ROOT.glob("data/*/*")):
        if path.is_file() and path.suffix != ".pyc":
            name = path.relative_to(ROOT).as_posix()
            assert (name if name.startswith("embedlab/") else f"embedlab/{name}") in names
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {"embedlab"}
    assert wheel.stat().st_size < 90_000_000  # PyPI takes 100 MB


def test_it_is_the_installed_one_that_runs(installed):
    code = "import embedlab; from embedlab.machine import data_path; print(embedlab.__file__, data_path(''))"
    package, data = map(Path, run("-c", code, **installed).stdout.split())
    assert ROOT not in package.parents
    assert data == package.parent / "data"


def test_it_asks(installed):
    code = "from embedlab.study.bank import bank; print(len(bank()))"
    assert int(run("-c", code, **installed).stdout) >= 240
    piped = run(*COMMAND, "quiz", "pooling", input="", **installed)
    assert piped.returncode == 2
    assert "needs a terminal, not a pipe" in piped.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")
def test_it_asks_in_a_terminal(installed):
    pexpect = pytest.importorskip("pexpect")
    terminal = pexpect.spawn(
        sys.executable, [*COMMAND, "quiz", "pooling", "-n", "1"], encoding="utf-8", timeout=60, **installed
    )
    terminal.expect("1 of 1 · ")
    for _ in range(5):  # a key that is pressed just while the terminal is prepared may be lost
        terminal.sendcontrol("c")
        if terminal.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=10) == 0:
            break
    assert not terminal.isalive()


def test_it_searches(installed):
    found = run(*COMMAND, "search", "replace missing values", "-k", "1", "--engine", "bm25", **installed)
    assert found.returncode == 0, found.stderr
    assert "missing values" in found.stdout
