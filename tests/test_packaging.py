"""What is installed, what is loaded, and who imports whom."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import house
import pytest
import speed_table
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "embedlab"

# pyproject.toml says what is needed, constraints.txt which versions are tested, environment.yml repeats
# for conda those of the compiled packages.


@cache
def pins():
    """Read constraints.txt: name to version."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    versions = {}
    for pin in found:
        (one,) = pin.specifier
        assert one.operator == "==", f"{pin} is no pin"
        assert canonicalize_name(pin.name) not in versions, f"{pin.name} is there twice"
        versions[canonicalize_name(pin.name)] = Version(one.version)
    return versions


@cache
def project():
    """Read the table [project] of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def needed():
    """List the requirements of pyproject.toml, those of the extras included."""
    extras = project()["optional-dependencies"].values()
    return [Requirement(line) for line in sum(extras, start=project()["dependencies"])]


@pytest.mark.parametrize("requirement", needed(), ids=str)
def test_constraints_pin_what_pyproject_needs(requirement):
    assert pins()[canonicalize_name(requirement.name)] in requirement.specifier


def test_torch_is_a_range_and_one_tested_version():
    (torch,) = [requirement for requirement in needed() if requirement.name == "torch"]
    assert {one.operator for one in torch.specifier} == {">="}
    assert pins()["torch"] == Version("2.13.0")


# What a requirement's marker sees. Neither all systems nor all Pythons need the same packages.
SYSTEMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
}
PYTHONS = "3.11", "3.12", "3.13", "3.14"


@cache
def requirements_of(name):
    """List what an installed package requires; nothing where it is one for another system."""
    try:
        return [Requirement(line) for line in requires(name) or []]
    except PackageNotFoundError:
        return []


@cache
def whole_set(system, python):
    """Follow the requirements of the requirements: name to one package that asks for it."""
    place = {**SYSTEMS[system], "python_version": python, "python_full_version": f"{python}.0"}
    asked_by, seen, to_do = {}, set(), [("embedlab", ("course", "production", "dev"))]
    while to_do:
        name, extras = to_do.pop()
        for requirement in requirements_of(name):
            wanted = [{**place, "extra": extra} for extra in extras or ("",)]
            if requirement.marker and not any(requirement.marker.evaluate(one) for one in wanted):
                continue
            if name == "torch" and requirement.marker and "platform_system" in str(requirement.marker):
                continue  # the CUDA libraries of its Linux build: torch itself pins them
            key = canonicalize_name(requirement.name), tuple(sorted(requirement.extras))
            asked_by.setdefault(key[0], name)
            if key not in seen:
                seen.add(key)
                to_do.append(key)
    return asked_by


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_constraints_are_the_whole_set(system, python):
    """A package that is not pinned would differ next month."""
    asked_by = whole_set(system, python)
    assert len(asked_by) > 100
    assert {name: by for name, by in asked_by.items() if name not in pins()} == {}


def test_constraints_pin_nothing_else():
    needed_somewhere = {
        name for system in SYSTEMS for python in PYTHONS for name in whole_set(system, python)
    }
    assert set(pins()) - needed_somewhere == set()


def test_what_is_installed_is_what_is_pinned():
    """Torch's CPU build calls itself 2.13.0+cpu: behind the plus stands the build."""
    installed = {}
    for name in pins():
        try:
            installed[name] = Version(version(name).partition("+")[0])
        except PackageNotFoundError:  # one for another system
            continue
    assert len(installed) > 100
    assert installed == {name: pins()[name] for name in installed}


CONDA_NAMES = {"pytorch-cpu": "torch"}  # where conda-forge calls a package otherwise than PyPI


@cache
def environment():
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def test_conda_gets_the_versions_of_constraints():
    (pip,) = [entry["pip"] for entry in environment()["dependencies"] if isinstance(entry, dict)]
    assert pip == ["-c constraints.txt", "-e .[course,production,dev]"]
    named = dict(entry.split("=") for entry in environment()["dependencies"] if "=" in entry)
    python = Version(named.pop("python"))
    assert python in Requirement(f"python{project()['requires-python']}").specifier
    assert named, "conda installs nothing"
    for name, text in named.items():
        assert pins()[CONDA_NAMES.get(name, name)] == Version(text)


def test_conda_builds_what_the_benchmark_depends_on():
    names = {entry.split("=")[0] for entry in environment()["dependencies"] if isinstance(entry, str)}
    assert {"numpy", "scipy", "scikit-learn", "pandas", "pytorch-cpu"} <= names
    assert environment()["channels"][0] == "conda-forge"


def test_the_licence_is_there():
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith(f"{project()['license']} License")


# One command each.


@pytest.mark.parametrize(
    "target", ["setup", "lab", "quick", "test", "train", "notebooks", "bench", "clean-cache"]
)
def test_make_has(target):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, flags=re.MULTILINE)
    assert target in phony.split()


def test_ci_runs_what_a_reader_runs():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "make test"


@pytest.mark.parametrize("marker", ["chapters", "scoreboard", "speed"])
def test_readme_has_a_place_for(marker):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert (
        len(re.findall(rf"^<!-- {marker} -->\n.*?\n<!-- /{marker} -->$", readme, re.DOTALL | re.MULTILINE))
        == 1
    )


def test_readme_draws_the_house_as_it_is():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert house.draw(readme) == readme, "python tools/house.py"


def test_readme_tells_the_speed_that_was_measured():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert speed_table.draw(readme) == readme, "python tools/speed_table.py"
    assert len(speed_table.draw(readme, [])) < len(readme)  # nothing stays that was not measured


def test_links_in_readme_lead_somewhere():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", readme) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


# What is slow to load is loaded only by those who need it.

HEAVY = "torch", "transformers", "sentence_transformers", "scipy", "sklearn", "pandas", "matplotlib"


def loaded_after(code):
    """Run code in a process of its own; return which of the heavy packages it has loaded."""
    code = f"import sys\n{code}\nprint('|', *({set(HEAVY)} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("|")[2].split())


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "import embedlab",
        "import embedlab.cli",
        "from typer.testing import CliRunner; from embedlab.cli import app\n"
        "assert 'evaluate' in CliRunner().invoke(app, ['--help']).output",
        "from typer.testing import CliRunner; from embedlab.cli import app\n"
        "assert ' MB' in CliRunner().invoke(app, ['cache']).output",
        "from embedlab.course import checks; assert len(list(checks())) > 10",
        "from embedlab import check, show",
        "from embedlab.study.faces import terminal\n"
        "from embedlab.study.practice import session, history, schedule, progress\n"
        "from embedlab.study.bank import anki\n"
        "from embedlab.study.bank import bank; assert len(bank()) >= 240",
        "from embedlab import quiz; quiz('03_pooling')",
    ],
)
def test_quick_things_load_nothing_heavy(code):
    assert loaded_after(code) == set()


@pytest.mark.slow
def test_the_probe_sees_what_is_loaded():
    assert "torch" in loaded_after("from embedlab.machine import Linear")


def test_the_names_of_the_package_are_what_they_say():
    import embedlab

    for name in embedlab.__all__:
        assert getattr(embedlab, name).__name__ == name
    with pytest.raises(AttributeError, match="attribute Embeder"):
        _ = embedlab.Embeder
