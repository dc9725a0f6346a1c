"""Each case is whole: its numbers follow from its quantities, its texts fit, what it names is there."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from embedlab.machine import data_path, shipped_figures
from embedlab.study.bank import notebook_of
from embedlab.system_design import (
    LEVELS,
    PHASES,
    case_names,
    constants,
    find_case,
    load_case,
    steps_of,
    way_of,
)
from embedlab.system_design.cases import SCALE
from embedlab.system_design.schema import WIDEST

ROOT = Path(__file__).parents[2]
WORDS = {"prompt": (60, 95), "junior": (100, 150), "senior": (190, 260), "staff": (280, 345)}
each_case = pytest.mark.parametrize(
    "case", [find_case(name) for name in case_names()], ids=lambda case: case.name
)


def words(text):
    return len(text.split())


@cache
def headings(notebook):
    cells = json.loads((ROOT / "notebooks" / notebook).read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return set(re.findall(r"^#+ +(.+?)\s*$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE))


def by_python(case, changed):
    """Compute all numbers by Python's own arithmetic, from the units as they are written."""
    import math

    factors = {"GB": 1e9, "MB": 1e6, "B": 1, "GiB": 2**30, "ms": 1e-3, "us": 1e-6, "min": 60, "%": 0.01}
    factors |= {"$/hour": 730, "GB/s": 1e9, "/day": 1 / 86400}
    values = {}
    for name, one in {**constants(), **case.quantities}.items():
        value = case.change.quantities.get(name, one.value) if changed else one.value
        values[name] = value * factors.get(one.unit, 1)
    allowed = {name: getattr(math, name) for name in ("ceil", "floor", "sqrt", "log")}
    for estimate in case.estimates:
        for line in estimate.way:
            values[line.name] = eval(
                line.formula, {"__builtins__": {}, "min": min, "max": max}, allowed | values
            )
    return values


def test_there_are_eight():
    assert len(case_names()) == 8
    assert {find_case(name).level for name in case_names()} == set(LEVELS)
    assert len({find_case(name).role for name in case_names()}) == 2


@each_case
def test_a_file_has_the_name_of_its_case(case):
    assert (data_path("design") / f"{case.name}.yaml").exists()


@each_case
@pytest.mark.parametrize("changed", [False, True], ids=["before", "after the change"])
def test_each_way_gives_the_value(case, changed):
    numbers, expected = case.numbers(changed), by_python(case, changed)
    assert numbers == pytest.approx(expected, rel=1e-12)
    for estimate in case.estimates:
        assert numbers[estimate.name] > 0, estimate.name
        lines = way_of(case, estimate.name, changed)
        assert len(lines) == len(estimate.way)


@each_case
def test_each_number_is_used(case):
    """A quantity that neither a formula nor a text names is only there to confuse."""
    text = case.model_dump_json(exclude={"quantities"})
    for name in case.quantities:
        assert name in SCALE or re.search(rf"\b{name}\b", text), name


@each_case
def test_the_change_moves_estimates(case):
    before, after = case.numbers(), case.numbers(changed=True)
    moved = [one.name for one in case.estimates if before[one.name] != after[one.name]]
    assert len(moved) >= 3


@each_case
def test_texts_are_as_long_as_a_candidate_would_speak(case):
    low, high = WORDS["prompt"]
    assert low <= words(case.prompt) <= high
    for level in LEVELS:
        low, high = WORDS[level]
        assert low <= words(case.fill(case.answers[level])) <= high, level


@each_case
def test_the_rubric_has_all_levels_and_phases(case):
    assert {point.level for point in case.rubric} == set(LEVELS)
    assert {point.phase for point in case.rubric} == set(PHASES)
    assert len({point.point for point in case.rubric}) == len(case.rubric)


@each_case
def test_what_it_tells_to_read_is_there(case):
    for topic in case.deep:
        for one in topic.reads:
            assert one.heading in headings(notebook_of(one.chapter)), f"{one.chapter}: {one.heading}"


@each_case
def test_the_drawing_fits_a_terminal(case):
    assert max(map(len, case.draw.model.splitlines())) <= WIDEST
    assert all(ord(character) < 128 for character in case.draw.model)


@each_case
def test_no_text_keeps_a_placeholder(case):
    for fast in (False, True):
        for step in steps_of(case, fast):
            for text in (
                step.ask,
                step.hint,
                *(line for block in step.shows if block.kind != "code" for line in block.lines),
            ):
                assert not re.search(r"\{\w+\}", text), text


def test_prices_have_a_source_and_a_date():
    for name, one in constants().items():
        assert re.match(r"20\d\d", one.date), name
        assert one.value > 0, name


def test_links_of_a_node_are_what_chapter_06_counts():
    cells = json.loads((ROOT / "notebooks" / "06_hnsw.ipynb").read_text(encoding="utf-8"))["cells"]
    printed = json.dumps([cell.get("outputs") for cell in cells])
    assert constants()["links"].value == float(re.search(r"formula (\d+) bytes", printed)[1]) - 1536


def test_what_is_shipped_as_measured_is_what_it_says():
    """Constants of search and reading are figures that chapters 19 and 22 ship, chapter 17 the query's."""
    known = {name: one.value for name, one in constants().items()}
    rows = shipped_figures("vector_databases", "recall")["rows"]
    graphs = [row for row in rows if row["engine"] == "faiss HNSW" and row["recall"] >= 0.95]
    first = min(graphs, key=lambda row: row["ms"])
    assert known["graph_core"] == pytest.approx(first["ms"], rel=0.02)
    older, newer = shipped_figures("design/measured", "encoders")["rows"]
    assert known["pair_core"] == pytest.approx(2 * older["pair"]["ms"], rel=0.01)  # two cores
    assert known["pair_tokens"] == older["pair"]["tokens"] == newer["pair"]["tokens"]
    for row in (older, newer):
        assert f"{row['pair']['ms']:.1f}" in constants()["pair_core"].source
    bulk = newer["bulk"]
    assert known["encoder_core"] == pytest.approx(bulk["texts a second"] * bulk["tokens"] / 2, rel=0.1)
    about = constants()["graph_core"]
    assert f"efSearch {first['value']}" in about.about
    assert f"efSearch {first['value']}" in about.source
    assert float(re.search(r"recall (\S+)", about.about)[1]) == pytest.approx(first["recall"], abs=0.005)
    codes = shipped_figures("design/measured", "scans")["codes"]
    for name, code, size in (("scan_core", "float32", 4), ("scan_bytes", "int8", 1)):
        assert known[name] == pytest.approx(384 * size / codes[code]["ns"], rel=0.01), name  # B/ns is GB/s
        said = re.search(r"([\d,]+) x ([\d,]+) bytes in ([\d.]+) ms", constants()[name].source)
        many, each, ms = (float(one.replace(",", "")) for one in said.groups())
        assert known[name] == pytest.approx(many * each / ms / 1e6, rel=0.02), name
    (alone,) = (
        row["ms"]
        for row in shipped_figures("serving", "speed")["rows"]
        if (row["engine"], row["texts"], row["tokens"]) == ("onnxruntime", 1, 8)
    )
    assert known["query_core"] == pytest.approx(2 * alone, rel=0.02)


# Mistakes in a file are named.

GOOD = yaml.safe_load((data_path("design") / "tickets.yaml").read_text(encoding="utf-8"))


def broken(tmp_path, change):
    content = json.loads(json.dumps(GOOD))
    change(content)
    path = tmp_path / "case.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(prompt="{nobody} asks"), r"tickets: \{nobody\} is no number of the case"),
        (lambda c: c["estimates"][0]["way"][0].update(formula="tickets * nothing"), "names 'nothing'"),
        (lambda c: c["estimates"][0]["way"][0].update(formula="tickets.real"), "allowed: numbers, names"),
        (lambda c: c["estimates"][0]["way"][0].update(name="links"), "two numbers are called 'links'"),
        (
            lambda c: c["estimates"][0]["way"][0].update(name="many"),
            "names 'vectors', which has no number here",
        ),
        (lambda c: c["change"]["quantities"].update(moon=1), r"the change sets \['moon'\]"),
        (lambda c: c["draw"]["arrows"].append("API -> moon: light"), "ends at 'moon'"),
        (lambda c: c["draw"].update(model="x" * 120), "wider than 76"),
        (lambda c: c["answers"].pop("staff"), "model answer for each of junior, senior, staff"),
        (lambda c: c["clarify"][0].update(words="("), "no regular expression"),
        (lambda c: c["clarify"][0].update(words="zebra"), "does not match its own question"),
        (lambda c: c["quantities"].pop("p95"), "p95"),
        (
            lambda c: c.update(rubric=[p for p in c["rubric"] if p["phase"] != "wrap"]),
            "no point of the rubric is in the phase wrap",
        ),
        (lambda c: c.update(colour="red"), "colour"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path, change, message):
    assert load_case(broken(tmp_path, lambda content: None)).name == "tickets"
    with pytest.raises(ValueError, match=message):
        load_case(broken(tmp_path, change))


def test_cases_are_found_or_named():
    assert find_case("PROD").name == "products"
    with pytest.raises(ValueError, match=r"no case 'zebra'; cases: docs, tickets"):
        find_case("zebra")
    with pytest.raises(ValueError, match="'d' may be docs, device"):
        find_case("d")
