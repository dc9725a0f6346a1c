"""Every index saved and loaded; a file that is damaged, or holds something else, is refused clearly."""

import numpy as np
import pytest
from indexes import assert_equal_results, every_index, filled
from safetensors.numpy import save_file
from vectors import unit

from embedlab.index import FlatIndex, Index
from embedlab.machine import StoreError, files
from embedlab.quantization import Int8Index
from embedlab.vector_databases import LanceIndex


@every_index
def test_saved_loaded_and_added_to(make, tmp_path):
    vectors = unit(80)
    index = filled(make, vectors[:50])
    index.save(tmp_path / "index")
    loaded = type(index).load(tmp_path / "index")
    # LanceDB writes times into its files, as numbers of varying length: a few bytes of the whole.
    spare = 8 / len(index) if isinstance(index, LanceIndex) else 0
    assert abs(loaded.bytes_per_vector - index.bytes_per_vector) <= spare
    assert_equal_results(loaded.search(vectors, 9), index.search(vectors, 9))
    for one in (index, loaded):
        one.add(vectors[50:])
    assert_equal_results(Index.load(tmp_path / "index").search(vectors, 9)[0].shape, (80, 9))
    assert_equal_results(loaded.search(vectors, 9), index.search(vectors, 9))


@every_index
def test_damaged_and_foreign_files(make, tmp_path):
    index = filled(make, unit(30))
    index.save(tmp_path / "index")
    (tmp_path / "cut").write_bytes((tmp_path / "index").read_bytes()[:-5])
    with pytest.raises(StoreError, match="damaged"):
        type(index).load(tmp_path / "cut")
    with pytest.raises(StoreError, match="there is no file"):
        type(index).load(tmp_path / "nothing")
    other = FlatIndex if not isinstance(index, FlatIndex) else Int8Index
    with pytest.raises(StoreError, match=f"holds a {type(index).__name__}, not a {other.__name__}"):
        other.load(tmp_path / "index")


@every_index
def test_a_whole_file_that_lacks_something(make, tmp_path):
    index, path = filled(make, unit(30)), tmp_path / "index"
    arrays, about = index.state()
    about["class"] = type(index).__name__
    refused = 0
    for missing in (*arrays, *about):
        kept = [{key: value for key, value in part.items() if key != missing} for part in (arrays, about)]
        files.save(path, "index", *kept)
        try:
            loaded = Index.load(path)
        except StoreError:
            refused += 1
        else:  # what later versions added may be missing
            assert loaded.search(unit(2), 3)[1].shape == (2, 3)
    assert refused >= 2


@pytest.mark.parametrize(
    "about", [None, "[]", "1", '"text"', "{", "[" * 100_000, '{"class": "str"}', '{"class": 5}']
)
def test_a_file_that_does_not_say_what_made_it(about, tmp_path):
    header = {"kind": "index"} if about is None else {"kind": "index", "about": about}
    save_file({"a": np.zeros(3)}, tmp_path / "index", metadata=header)
    with pytest.raises(StoreError):
        Index.load(tmp_path / "index")


def test_vectors_of_other_dimensions_than_the_index_says(tmp_path):
    files.save(tmp_path / "i", "index", {"vectors": np.zeros((3, 5))}, {"class": "FlatIndex", "dims": 4})
    with pytest.raises(StoreError, match=r"shape \(n, 4\), but got \(3, 5\)"):
        Index.load(tmp_path / "i")
