"""``embedlab design run``: a file becomes a table; whatever is wrong is said before anything is built."""

import dataclasses
import json

import pytest
from typer.testing import CliRunner

from embedlab.cli import app
from embedlab.system_design import beside_references, design_of, load_design, measured_for, references, tables

RUN = CliRunner()


@pytest.fixture
def no_building(monkeypatch):
    """Take what the references measured in place of building: what is tested is what is printed."""
    import embedlab.system_design as room

    def measured(design, benchmark=None, *, split=None):
        return measured_for(references(design.case)[0])

    monkeypatch.setattr(room, "measure_design", measured)


@pytest.mark.usefixtures("no_building")
def test_a_design_stands_beside_three_references(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("code: int8\n")
    done = RUN.invoke(app, ["design", "run", str(file)])
    assert done.exit_code == 0, done.output
    for word in (
        "→",
        "mine",
        "tickets-lean",
        "tickets-balanced",
        "tickets-rich",
        "monthly",
        "cannot tell",
        "6,152",
    ):
        assert word in done.output
    as_json = RUN.invoke(app, ["design", "run", str(file), "--case", "docs", "--json"])
    rows = json.loads(as_json.stdout)
    assert [row["name"] for row in rows] == ["docs-lean", "docs-balanced", "docs-rich", "mine"]
    assert [row["yours"] for row in rows] == [False, False, False, True]
    assert all(row["at_scale"]["monthly"] > 0 for row in rows)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("indx: hnsw\n", "did you mean 'index'"),
        ("case: ticketz\n", "there is no case 'ticketz'"),
        ("code: pq\nindex: hnsw\n", "take index: ivf"),
    ],
)
def test_an_error_is_one_line_and_says_what_to_do(tmp_path, text, said):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    done = RUN.invoke(app, ["design", "run", str(file)])
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output


def test_the_template_is_a_design(tmp_path):
    done = RUN.invoke(app, ["design", "template", "products"])
    file = tmp_path / "mine.yaml"
    file.write_text(done.stdout)
    made, balanced = load_design(file), references("products")[1]
    assert made.key == balanced.key
    assert (made.name, made.case, made.cache_hits) == ("mine", "products", balanced.cache_hits)


def test_dominated_designs_are_dotted():
    rows = tables.compared([(one, measured_for(one)) for one in references("tickets")])
    worse = design_of({**rows[0].design.model_dump(), "name": "worse", "copies": 9})
    rows = tables.compared([*((row.design, row.measured) for row in rows), (worse, rows[0].measured)])
    by_name = {row.design.name: row for row in rows}
    assert by_name["worse"].beaten
    assert by_name["worse"].dollars > by_name["tickets-lean"].dollars
    assert not all(row.beaten for row in rows)


def test_on_a_phone_memory_is_what_counts():
    rows = tables.compared([(one, measured_for(one)) for one in references("device")])
    assert len({row.dollars for row in rows}) == 1
    assert [tables.cost_of(row.at) for row in rows] == [row.at["index"] for row in rows]
    assert not any(row.beaten for row in rows)


def test_only_what_answered_the_same_queries_is_compared():
    design = design_of({"name": "mine"})
    other = measured_for(references("tickets")[0]).as_json() | {"benchmark": "another"}
    alone = beside_references(design, type(measured_for(references("tickets")[0]))(**other))
    assert [row.design.name for row in alone] == ["mine"]


def test_a_late_design_is_marked_and_so_is_one_without_a_way_back():
    row = tables.compared([(one, measured_for(one)) for one in references("tickets")])[1]
    limit = row.at.scale.limit
    marks = {
        share: dataclasses.replace(row, at=dataclasses.replace(row.at, p95=share * limit)).mark
        for share in (0.5, 0.9, 0.95, 1.0, 1.01)
    }
    assert marks == {0.5: "", 0.9: "", 0.95: "~", 1.0: "~", 1.01: "!"}
