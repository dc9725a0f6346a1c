"""A design's file is checked before anything is built, and the message says what to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.system_design import Design, case_names, design_of, load_design, references
from embedlab.system_design.choices import BUILT, BYTES

CODES, RESCORES = tuple(BYTES), ("none", "int8", "float32")


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"indx": "hnsw"}, "no choice 'indx'; did you mean 'index'"),
        ({"code": "int4"}, "code: Input should be 'float32'"),
        ({"index": "hnsw", "code": "pq"}, "walks on float32 or int8, not on pq"),
        ({"index": "hnsw", "code": "int8"}, "say rescore: float32"),
        ({"index": "hnsw", "rescore": "int8"}, "nothing to rescore"),
        ({"code": "int8", "rescore": "int8"}, "no finer than code: int8"),
        ({"code": "binary", "dims": 60}, "multiple of 8"),
        ({"code": "binary", "rescore": "int8", "shortlist": 10, "depth": 20}, "10 cannot feed depth: 20"),
        ({"shards": 0}, "shards: 0"),
        ({"cache_hits": 1.0}, "cache_hits"),
        ({"depth": 500}, "depth"),
        ({"prices": {"memory_machin": 1}}, "did you mean 'memory_machine'"),
    ],
)
def test_what_cannot_be_says_why(choices, said):
    with pytest.raises(ValueError, match=said):
        design_of({"name": "mine", **choices})


@pytest.mark.parametrize("text", ["- a list", "just words", "a: [", ""])
def test_a_file_without_choices_is_refused_with_its_name(tmp_path, text):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"mine\.yaml"):
        load_design(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.yaml cannot be read"):
        load_design(tmp_path / "none.yaml")


def test_a_design_is_called_like_its_file(tmp_path):
    (tmp_path / "tight.yaml").write_text("code: int8\n")
    assert load_design(tmp_path / "tight.yaml").name == "tight"


@given(
    st.sampled_from(CODES),
    st.sampled_from(RESCORES),
    st.sampled_from(("exact", "hnsw", "ivf")),
    st.integers(8, 384),
    st.integers(0, 50),
)
def test_a_design_is_refused_or_whole(code, rescore, index, dims, depth):
    """Whatever passes can be built: whole bytes, a rescoring that is finer, a graph that can walk."""
    try:
        design = design_of(
            {"name": "any", "code": code, "rescore": rescore, "index": index, "dims": dims, "depth": depth}
        )
    except ValueError:
        return
    assert design.bytes_of_code >= 1
    assert rescore == "none" or BYTES[rescore] > BYTES[code]
    assert index != "hnsw" or (code, rescore) in {("float32", "none"), ("int8", "float32")}


@given(st.integers(10, 1000), st.integers(1, 1000), st.sampled_from((0.0, 0.3)), st.integers(1, 5))
def test_only_what_is_built_names_it(ef, probes, hits, copies):
    """Knobs of another index, and all that only costs, leave the key as it is; a knob in use changes it."""
    other = Design(name="b", ef=ef, probes=probes, cache_hits=hits, copies=copies)
    assert other.key == Design(name="a").key
    graph = Design(name="g", index="hnsw", ef=ef)
    assert (graph.key == Design(name="g", index="hnsw").key) == (ef == 64)
    assert set(graph.built) <= set(BUILT)


@pytest.mark.parametrize("case", case_names())
def test_references_are_of_their_case_and_say_why(case):
    for design in references(case):
        assert design.case == case
        assert design.name.startswith(f"{case}-")
        assert len(design.why) > 30
