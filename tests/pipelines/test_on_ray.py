"""Parts of a corpus: whole or absent, never twice; and the same from Ray as from the loop."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

pytest.importorskip("pyarrow", reason="the extra production is not installed")

from embedlab.cli import app
from embedlab.machine import StoreError, content_key
from embedlab.pipelines import cut, embed_on_ray, embed_parts, encoder, open_out, vectors_in
from embedlab.pipelines.parts import write_part

IDS = [f"d{i}" for i in range(50)]
TEXTS = [f"text number {i}" for i in range(50)]
HASHED = encoder("hashed")


@given(
    st.dictionaries(st.text(min_size=1, max_size=3), st.text(max_size=5), max_size=20),
    st.sets(st.integers(0, 19)),
    st.integers(1, 7),
)
def test_cut_gives_each_document_that_is_not_done_exactly_once(documents, chosen, rows):
    keys = [(i, content_key(text)) for i, text in documents.items()]
    done = {keys[i] for i in chosen if i < len(keys)}
    parts = cut(list(documents), list(documents.values()), done, rows)
    assert [key for part in parts for key in zip(part.ids, part.hashes, strict=True)] == [
        key for key in keys if key not in done
    ]
    assert all(len(part.ids) == rows for part in parts[:-1])


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    out, calls = tmp_path / "out", []

    def interrupted(texts):
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(len(texts))
        return HASHED(texts)

    with pytest.raises(KeyboardInterrupt):
        embed_parts(cut(IDS, TEXTS, open_out(out, "hashed"), 10), interrupted, out)
    left = cut(IDS, TEXTS, open_out(out, "hashed"), 10)
    assert [part.ids[0] for part in left] == ["d30", "d40"]
    embed_parts(left, HASHED, out)
    np.testing.assert_array_equal(vectors_in(out, IDS, TEXTS), HASHED(TEXTS))
    assert not [file for file in out.iterdir() if file.name.startswith(".")]


def test_an_edited_document_is_embedded_again_and_its_old_vector_not_read(tmp_path):
    out, edited = tmp_path / "out", ["edited", *TEXTS[1:]]
    embed_parts(cut(IDS, TEXTS, open_out(out, "hashed")), HASHED, out)
    with pytest.raises(KeyError, match=r"1 documents have no vector .* 'd0'"):
        vectors_in(out, IDS, edited)
    (part,) = cut(IDS, edited, open_out(out, "hashed"))
    assert part.ids == ("d0",)
    embed_parts([part], HASHED, out)
    np.testing.assert_array_equal(vectors_in(out, IDS, edited), HASHED(edited))


def test_a_part_done_twice_is_one_file(tmp_path):
    open_out(tmp_path / "out", "hashed")
    for _ in range(2):
        embed_parts(cut(IDS, TEXTS, set()), HASHED, tmp_path / "out")
    assert len(list((tmp_path / "out").glob("*.parquet"))) == 1


def test_vectors_of_another_encoder_and_foreign_folders_are_refused(tmp_path):
    open_out(tmp_path / "out", "hashed")
    with pytest.raises(StoreError, match=r"holds vectors of .*hashed"):
        open_out(tmp_path / "out", "words")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match="not empty"):
        open_out(tmp_path / "mine", "words")


def test_a_damaged_part_is_named(tmp_path):
    embed_parts(cut(IDS, TEXTS, open_out(tmp_path / "out", "hashed")), HASHED, tmp_path / "out")
    (file,) = (tmp_path / "out").glob("*.parquet")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(StoreError, match=file.name):
        open_out(tmp_path / "out", "hashed")


@pytest.mark.parametrize("wrong", [np.zeros((49, 4)), np.zeros(50), np.full((50, 4), np.nan)])
def test_vectors_that_do_not_fit_are_not_written(tmp_path, wrong):
    (part,) = cut(IDS, TEXTS, set())
    with pytest.raises(ValueError, match="vector"):
        write_part(tmp_path, part, wrong)
    assert not list(tmp_path.iterdir())


def corpus(folder):
    lines = [json.dumps({"id": i, "text": text}) for i, text in zip(IDS, TEXTS, strict=True)]
    (folder / "corpus.jsonl").write_text("\n".join(lines))
    return str(folder / "corpus.jsonl")


def run(*arguments):
    return CliRunner().invoke(app, ["embed", *map(str, arguments)])


def test_embed_skips_what_is_there(tmp_path):
    first = run(corpus(tmp_path), tmp_path / "out", "--encoder", "hashed", "--rows", 20)
    assert first.exit_code == 0, first.output
    assert "0 are there, 50 to embed" in first.output
    again = run(corpus(tmp_path), tmp_path / "out", "--encoder", "hashed")
    assert "50 are there, 0 to embed" in again.output


def test_embed_says_what_is_wrong_in_one_line(tmp_path):
    for arguments, message in [
        (["--encoder", "bert"], "no encoder 'bert'"),
        (["--address", "auto"], "needs --ray"),
    ]:
        told = run(corpus(tmp_path), tmp_path / "out", *arguments)
        assert told.exit_code == 2
        assert message in told.output
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_ray_writes_the_files_of_the_loop(tmp_path, ray):
    outs, seen = [tmp_path / "loop", tmp_path / "ray"], []
    loop, rays = (cut(IDS, TEXTS, open_out(out, "words"), 8) for out in outs)
    embed_parts(loop, encoder("words"), outs[0])
    embed_on_ray(rays, "words", outs[1], actors=2, progress=seen.append)
    assert sum(seen) == 50
    assert {file.name for file in outs[0].iterdir()} == {file.name for file in outs[1].iterdir()}
    np.testing.assert_allclose(*(vectors_in(out, IDS, TEXTS) for out in outs), atol=1e-6)


@pytest.mark.slow
def test_more_actors_than_cpus_is_an_error_and_no_hanging(tmp_path, ray):
    with pytest.raises(ValueError, match="9 actors, but the cluster has 2 CPUs"):
        embed_on_ray(cut(IDS, TEXTS, set()), "hashed", tmp_path, actors=9)
