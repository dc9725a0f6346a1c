"""What the exact index and the compressed ones do alike: search, grow, save, refuse."""

import numpy as np
import pytest
from token_matrices import assert_equal_results, documents_of, every_index, filled, unit

from embedlab.colbert import ResidualIndex, TokenIndex
from embedlab.machine import StoreError


@every_index
def test_a_document_finds_itself_when_it_is_the_query(make):
    documents = [unit(8, i) for i in range(60)]
    _, ids = filled(make, documents).search(documents, 3)
    assert np.mean(ids[:, 0] == np.arange(60)) > 0.9


@every_index
def test_in_portions_or_all_at_once(make):
    documents = documents_of(60)
    index = filled(make, documents[:40])  # what is learnt comes from the first
    index.add(documents[40:45])
    index.add([])
    for document in documents[45:]:
        index.add([document])
    other = filled(make, documents[:40])
    other.add(documents[40:])
    assert len(index) == len(other) == 60
    assert index.bytes_per_doc == other.bytes_per_doc
    assert_equal_results(index.search(documents[:9], 10), other.search(documents[:9], 10))


@every_index
def test_searching_between_additions_changes_nothing(make):
    documents = documents_of(60)
    index, other = filled(make, documents[:40]), filled(make, documents[:40])
    for rest in (documents[40:50], [unit(0)], documents[50:]):
        index.search(documents[:2], 3)
        for one in (index, other):
            one.add(rest)
    assert_equal_results(index.search(documents, 10), other.search(documents, 10))


@every_index
def test_documents_without_tokens_are_counted_but_never_found(make):
    index = filled(make, [unit(0), unit(3, 1), unit(0), unit(2, 2)])
    assert len(index) == 4
    scores, ids = index.search([unit(2)], 5)
    assert sorted(ids[0]) == [-1, -1, -1, 1, 3]
    assert np.isfinite(scores[0]).tolist() == [True, True, False, False, False]
    assert index.search([unit(0)], 3)[1].tolist() == [[1, 3, -1]]


@every_index
@pytest.mark.parametrize("documents", [[], [unit(0), unit(0)]], ids=["none", "without tokens"])
def test_an_index_without_tokens_finds_nothing_and_can_be_saved(make, documents, tmp_path):
    index = filled(make, documents)
    for _ in range(2):
        scores, ids = index.search([unit(2), unit(0)], 3)
        assert ids.tolist() == [[-1] * 3] * 2
        assert (scores == -np.inf).all()
        assert index.search([], 3)[1].shape == (0, 3)
        assert len(index) == len(documents)
        index.save(tmp_path / "empty")
        index = type(index).load(tmp_path / "empty")
    other = filled(make, documents)
    for one in (index, other):
        one.add(documents_of(50))
    assert_equal_results(index.search(documents_of(50), 4), other.search(documents_of(50), 4))


@every_index
def test_saved_loaded_and_added_to(make, tmp_path):
    documents = documents_of(80)
    index = filled(make, documents[:50])
    index.save(tmp_path / "index")
    loaded = type(index).load(tmp_path / "index")
    assert (len(loaded), loaded.bytes_per_doc) == (50, index.bytes_per_doc)
    assert_equal_results(loaded.search(documents, 9), index.search(documents, 9))
    for one in (index, loaded):
        one.add(documents[50:])
    assert_equal_results(loaded.search(documents, 9), index.search(documents, 9))


@every_index
def test_damaged_and_foreign_files_are_refused(make, tmp_path):
    index = filled(make, documents_of(9))
    index.save(tmp_path / "index")
    (tmp_path / "cut").write_bytes((tmp_path / "index").read_bytes()[:-5])
    with pytest.raises(StoreError, match="damaged"):
        type(index).load(tmp_path / "cut")
    with pytest.raises(StoreError, match="there is no file"):
        type(index).load(tmp_path / "nothing")
    other = TokenIndex if isinstance(index, ResidualIndex) else ResidualIndex
    with pytest.raises(StoreError, match=f"holds '{type(index).__name__}', not '{other.__name__}'"):
        other.load(tmp_path / "index")


@every_index
@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones((2, 3)), r"\(n, 10\), but got \(2, 3\)"),
        (np.ones(10), r"but got \(10,\)"),
        ([[1] * 10, [np.nan] * 10], "vector 1 holds NaN or infinity"),
        ([[np.inf] * 10], "vector 0 holds NaN or infinity"),
    ],
)
def test_bad_matrices_are_refused_and_leave_the_index_as_it_was(make, matrix, message):
    for index in (make(), filled(make, documents_of(9))):
        before = len(index), index.bytes_per_doc
        with pytest.raises(ValueError, match=message):
            index.add([matrix])
        assert (len(index), index.bytes_per_doc) == before
        with pytest.raises(ValueError, match=message):
            index.search([matrix], 1)
        with pytest.raises(ValueError, match="k must be at least 1, but is 0"):
            index.search([unit(1)], 0)
