"""What lies around the package: workflows, container, citation, guides; and that links lead somewhere."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote

import check_jsonschema
import pytest
import yaml
from click.testing import CliRunner
from typer.main import get_command

from embedlab.cli import app

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def schema_errors(schema, file):
    """Check a file against a schema that comes with check-jsonschema; return what is wrong with it."""
    done = CliRunner().invoke(check_jsonschema.main, ["--builtin-schema", schema, str(ROOT / file)])
    return "" if done.exit_code == 0 else done.output


# Files in forms that others define are valid there.

SCHEMAS = [
    *(("vendor.github-workflows", path.relative_to(ROOT)) for path in WORKFLOWS),
    ("vendor.dependabot", ".github/dependabot.yml"),
    ("vendor.citation-file-format", "CITATION.cff"),
]


@pytest.mark.parametrize(("schema", "file"), SCHEMAS, ids=str)
def test_it_is_valid(schema, file):
    assert schema_errors(schema, file) == ""


def test_an_invalid_workflow_is_found(tmp_path):
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[0].read_text(encoding="utf-8").replace("runs-on", "run-on"))
    assert "runs-on" in schema_errors("vendor.github-workflows", broken)


@pytest.mark.skipif(sys.platform == "win32", reason="hadolint has no wheel for Windows")
def test_the_dockerfile_is_well_written():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


# What they say is true of this project.


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]


def test_the_changelog_has_this_version():
    versions = re.findall(r"^## \[([^\]]+)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert versions[:2] == ["Unreleased", PROJECT["version"]]


def test_workflows_test_three_systems_and_four_pythons():
    matrix = yaml.safe_load(read(".github/workflows/test.yml"))["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_may_only_read_and_end_in_time(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120


def test_workflows_name_tests_that_exist():
    named = re.findall(r"(tests/\S+\.py)::(\w+)", "\n".join(path.read_text() for path in WORKFLOWS))
    assert named
    for file, test in named:
        assert f"def {test}(" in read(file)


def targets():
    return set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))


FILES_THAT_SAY_MAKE = [
    "Dockerfile",
    ".devcontainer/devcontainer.json",
    "README.md",
    "CONTRIBUTING.md",
    ".ci/run",
    *(path.relative_to(ROOT).as_posix() for path in WORKFLOWS),
]


@pytest.mark.parametrize("file", FILES_THAT_SAY_MAKE)
def test_make_has_the_targets_that_are_named(file):
    named = set(re.findall(r"(?:^|[`\s&]|run: |\")make\",? ?\"?([a-z-]+)\b", read(file), re.MULTILINE))
    named |= set(re.findall(r"(?:^|`|&& |run: |: \"|latest |cpu )make ([a-z-]+)", read(file), re.MULTILINE))
    assert named <= targets()
    assert named or file.endswith("weekly.yml")


@pytest.mark.parametrize("file", ["Makefile", "README.md", *FILES_THAT_SAY_MAKE[-2:]])
def test_commands_that_are_named_exist(file):
    commands = get_command(app).commands
    named = re.findall(r"(?:bin/|BIN\)/|\$ |`)embedlab ([a-z]+)(?: ([a-z]+))?", read(file))
    assert named
    for command, below in named:
        assert command in commands, command
        if hasattr(commands[command], "commands"):
            assert below in commands[command].commands, f"{command} {below}"


def test_the_containers_have_the_tested_python():
    conda = re.search(r"python=(\S+)", read("environment.yml"))[1]
    assert f"FROM python:{conda}-slim" in read("Dockerfile")
    container = json.loads(read(".devcontainer/devcontainer.json"))
    assert container["image"].endswith(f":{conda}")
    assert container["remoteUser"] != "root"


def test_the_image_holds_what_its_set_up_needs_and_runs_as_no_root():
    lines = read("Dockerfile").replace("\\\n", " ").splitlines()
    order = [line.split()[0] for line in lines if line and line[0].isupper()]
    assert order.index("USER") < order.index("COPY")
    (user,) = [line.split()[1] for line in lines if line.startswith("USER")]
    assert user not in ("root", "0", "0:0")
    assert "COPY --chown=1000:1000 . ." in lines
    needed = read("Makefile").split("$(READY):")[1].splitlines()[0].split()
    ignored = [line.rstrip("/") for line in read(".dockerignore").splitlines() if line[:1] not in ("", "#")]
    assert needed == ["pyproject.toml", "constraints.txt", "tools/jupyterlab.json"]
    for name in (*needed, "README.md", "embedlab", "data", "notebooks"):
        assert (ROOT / name).exists()
        assert not set(ignored) & {name, name.split("/")[0]}
    assert {".git", ".venv"} <= set(ignored)


# Links within the repository: README, guides, notebooks. Those to other places are checked once a week.


def pages():
    """Map each page to its Markdown, and to what its anchors are called."""
    found = {path: path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("*.md"))}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found[path] = "\n\n".join(
            "".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"
        )
    return found


PAGES = pages()


def anchors(path):
    """Return the anchors of a page's headings: GitHub's in Markdown, JupyterLab's in notebooks."""
    text = re.sub(r"```.*?```", "", PAGES[path], flags=re.DOTALL)
    headings = [
        re.sub(r"[`*]", "", heading).strip() for heading in re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)
    ]
    if path.suffix == ".ipynb":
        return {heading.replace(" ", "-") for heading in headings}
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(text):
    """List the targets of links and pictures, within the repository."""
    text = re.sub(r"```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]+\$", "", text, flags=re.DOTALL)
    found = re.findall(r"\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)", text) + re.findall(
        r"^\[[^\]]+\]: (\S+)$", text, re.MULTILINE
    )
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def dead(path, text):
    """List the links of a page that lead nowhere."""
    broken = []
    for link in links(text):
        name, _, anchor = unquote(link).partition("#")
        target = (path.parent / name).resolve() if name else path
        known = target in PAGES
        if not target.exists() or (anchor and known and anchor not in anchors(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    assert dead(path, PAGES[path]) == []


def test_a_dead_link_is_found():
    readme = ROOT / "README.md"
    text = (
        "[a](gone.md) [b](README.md#start) [c](README.md#gone) [d](#start) ![e](docs/pipeline.png) [f](#no)"
    )
    assert dead(readme, text) == ["gone.md", "README.md#gone", "#no"]
    assert links("`[a](code)` [b](https://example.org) [c](data/questions)") == ["data/questions"]
