"""Long texts are cut, and found by their best chunk: whatever the text, and whichever the engine."""

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from embedlab.embedder import Embedder
from embedlab.engine import ENGINES, Hit, PassageSearch, Trace, build_engine, cutting

GUIDE = "\n".join(
    [
        "# Linux\n",
        "Ask the package manager. " * 40,
        "\n## Fonts\n",
        "Fonts lie in a folder of their own. " * 30,
        "\n# Windows\n",
        "Run the installer. " * 20,
    ]
)
TEXTS = {"guide.md": GUIDE, "cat.txt": "the cat sat on the mat", "tax.txt": "stocks fell on Monday"}
PIECES = ["# Head\n", "## Use\r\n\r\n", "A cat sleeps. ", "\r", "\n\n", "\r\n", "x" * 150, "Notes\n-----\n"]
pieces = st.one_of(st.sampled_from(PIECES), st.text(max_size=9), st.just("word " * 90))


def search(engine="bm25", texts=TEXTS, **options):
    return PassageSearch(engine, list(texts), list(texts.values()), **{"files": True, **options})


def all_hits(found):
    """Return what a search would, were it to find each chunk."""
    return [found._hit(row, chunk, Hit("", 0.0, "")) for row, chunk in found.chunks.values()]


@given(st.lists(st.lists(pieces, max_size=9).map("".join), min_size=1, max_size=3), st.booleans())
@example(["a\r\n", "\r\n" + "word " * 200 + "\r\rword"], True)
@example(["", "\n"], False)
def test_the_lines_and_characters_of_a_place_cut_out_the_passage(texts, files):
    found = search(texts={f"{i}.md": text for i, text in enumerate(texts)}, files=files)
    assert {row for row, _ in found.chunks.values()} == set(range(len(texts)))
    for hit in all_hits(found):
        start, end, (first, last) = hit.place.start, hit.place.end, hit.place.lines
        assert hit.passage == hit.text[start:end]
        assert hit.passage == hit.text or not hit.whole
        if not hit.text:
            continue
        lines = io.StringIO(hit.text, newline="").readlines()
        before = len("".join(lines[: first - 1]))
        assert before <= start < before + len(lines[first - 1])
        assert "".join(lines[first - 1 : last])[start - before : end - before] == hit.passage
        assert len("".join(lines[: last - 1])) < end


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "pq"])  # which wants more texts
def test_every_engine_finds_the_passage(engine):
    found = search(engine)
    [best, *more] = found.search("the installer for windows", k=9)
    assert best.label == "guide.md, lines 9-11, under Windows"
    assert best.text == GUIDE
    assert best.passage.startswith("# Windows\n\nRun the")
    assert best.place.headings == ("Windows",)
    ids = [hit.id for hit in (best, *more)]
    assert len(set(ids)) == len(ids)
    assert set(ids) == set(TEXTS) or engine == "bm25"


def test_short_texts_are_searched_as_they_are():
    texts = {i: text for i, text in TEXTS.items() if i != "guide.md"} | {"one.md": "word"}
    found, plain = search("hybrid", texts), build_engine("hybrid", list(texts.values()), list(texts))
    for query in ("kitten", "Monday", "?"):
        hits = found.search(query)
        assert [(hit.id, hit.text) for hit in hits] == [(hit.id, hit.text) for hit in plain.search(query)]
        assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in plain.search(query)])
        assert all(hit.whole and hit.label == hit.id and hit.passage == hit.text for hit in hits)
        assert all(hit.place.lines == (1, 1) and hit.place.headings == () for hit in hits)


def test_a_huge_file_does_not_hide_the_others():
    texts = {"cats.md": "Cats sleep, cats purr, cats eat. " * 700, "tax.md": "Stocks fell.", "b.md": "bread"}
    found = search("dense", texts)
    assert len(found.chunks) > 40
    assert found.search("what cats do", k=2)[0].id == "cats.md"
    assert {hit.id for hit in found.search("what cats do", k=50)} == set(texts)
    trace = Trace()
    hits = found.search("what cats do", k=3, trace=trace)
    assert [step.name for step in trace.steps] == ["dense"]
    assert [found.places(hit, trace) for hit in hits] == [{"dense": 1}, {"dense": 2}, {"dense": 3}]


@pytest.mark.parametrize(
    "text", ["ab" * 5000, "東京は日本の首都です。" * 400, "a,b;" * 900], ids=["ab", "cjk", "js"]
)
def test_a_text_of_one_line_is_cut_and_says_which_characters(text):
    found = search("hybrid", {"x.min.js": text})
    [hit] = found.search("ab tokyo b", k=5)
    assert len(found.chunks) > 5
    assert hit.label == f"x.min.js, characters {hit.place.start}-{hit.place.end}"
    assert 0 < len(hit.passage) < len(text)


def test_two_files_with_one_text_are_both_found():
    found = search("hybrid", {"a/guide.md": GUIDE, "b/guide.md": GUIDE})
    one, other = found.search("run the installer")
    assert {one.id, other.id} == {"a/guide.md", "b/guide.md"}
    assert (one.place, one.passage) == (other.place, other.passage)


def test_chunks_keep_their_ids_when_text_is_put_before_them():
    before = set(search().chunks)
    after = set(search(texts=TEXTS | {"guide.md": "# New\n\nA word.\n\n" + GUIDE}).chunks)
    assert before < after
    assert len(after - before) == 1


def test_comments_in_source_are_no_headings_and_small_parts_of_it_are_joined():
    source = "".join(f"# number {i}\nx{i} = {i}\n\n" for i in range(60))
    as_code, as_text = (search(texts={name: source}) for name in ("x.py", "x.md"))
    assert len(as_code.chunks) < len(as_text.chunks) / 4
    assert all(not hit.place.headings for hit in all_hits(as_code))
    assert ", under number 7" in as_text.search("number 7", k=1)[0].label


def test_what_is_read_is_named_by_file_and_headings_that_are_not_endless():
    found = search(texts={"deep/guide.md": GUIDE + "\n\n" + "w" * 99 + "\n---\n\n" + "Text. " * 50})
    read = found.engine.texts
    assert read[0].startswith("guide > Linux\n# Linux")
    assert any(text.startswith(f"guide > Windows > {'w' * 77}...\n") for text in read)
    assert not any(text.startswith("guide >") for text in search(files=False).engine.texts)


def test_nothing_to_search_and_nothing_found():
    with pytest.raises(ValueError, match="no texts were given"):
        search(texts={})
    with pytest.raises(ValueError, match="no engine 'magic'"):
        search("magic")
    with pytest.raises(ValueError, match="query is empty"):
        search().search(" ")
    assert search().search("?!", k=5) == []  # no words
    assert search().search("zxqv", k=5) == []


@pytest.mark.slow
def test_an_interrupt_loses_no_vectors(monkeypatch, tmp_path):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    long = {"long.md": " ".join(f"Sentence number {i} of this text." for i in range(1500))}
    embed, read = Embedder._embed, []

    def counted(self, texts, *rest):
        if len(read) == 2:
            raise KeyboardInterrupt
        read.append(len(texts))
        return embed(self, texts, *rest)

    monkeypatch.setattr(Embedder, "_embed", counted)
    with pytest.raises(KeyboardInterrupt):
        search("dense", long)
    kept, read[:] = sum(read), [0, 0, 0]  # no interrupt any more
    assert len(search("dense", long).chunks) == kept + sum(read)
    read.clear()
    search("dense", long)
    assert read == []


def test_an_interrupt_loses_no_cuts_nor_does_damage(monkeypatch, tmp_path):
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path))
    cut, done = cutting._cut, []

    def counted(text, *rest):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(text)
        return cut(text, *rest)

    monkeypatch.setattr(cutting, "_cut", counted)
    texts = [f"{name} " * 200 for name in ("one", "two", "three", "four")]
    with pytest.raises(KeyboardInterrupt):
        cutting.cut_all(texts, [True] * 4)
    done[:] = [None] * 3
    found = cutting.cut_all(texts, [True] * 4)
    assert done[3:] == texts[2:]
    assert [len(chunks) for chunks in found] == [2] * 4
    path = next(cutting.cache_file("chunks", "x").parent.glob("*.sqlite"))
    path.write_bytes(b"no database" * 100)
    with pytest.warns(UserWarning, match="cannot be used"):
        assert cutting.cut_all(texts, [True] * 4) == found
    assert cutting.cut_all(texts, [True] * 4) == found
