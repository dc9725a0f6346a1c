"""The files of the default model: which there are, and how large."""

import pytest

from embedlab.serving import PRECISIONS, onnx_file


def test_names_that_there_are_not():
    with pytest.raises(ValueError, match="'int4'"):
        onnx_file("int4")
    with pytest.raises(ValueError, match="'pooled'"):
        onnx_file("float32", "pooled")


@pytest.mark.slow
def test_a_file_is_made_once_and_int8_is_a_quarter_of_it():
    file = onnx_file()
    assert onnx_file() == file
    small = [onnx_file(name) for name, how in PRECISIONS.items() if how and not how.static]
    assert len(set(small)) == len(small)
    assert all(path.stat().st_size < 0.27 * file.stat().st_size for path in small)
