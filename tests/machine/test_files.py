"""Arrays on disk: read, and used where they lie."""

import json
import mmap
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from embedlab.machine import StoreError, files

SHAPES = arrays_of.array_shapes(max_dims=3, min_side=0, max_side=20)
ARRAYS = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=5),
    st.sampled_from(sorted(files.CODES)).flatmap(lambda name: arrays_of.arrays(np.dtype(name), SHAPES)),
    max_size=5,
)


@given(ARRAYS)
def test_what_is_written_is_read_and_mapped(tmp_path_factory, arrays):
    path = tmp_path_factory.mktemp("files") / "file"
    files.save_aligned(path, "Demo", arrays, {"a": 1})
    for read in (files.load, files.mapped):
        found, about = read(path, "Demo")
        assert about == {"a": 1}
        assert set(found) == set(arrays)
        for name, array in found.items():
            np.testing.assert_array_equal(array, arrays[name])
            assert array.dtype == arrays[name].dtype
            assert array.flags.aligned
            if arrays[name].nbytes and arrays[name].nbytes % 64 == 0 and read is files.mapped:
                assert array.ctypes.data % 64 == 0


def test_files_of_either_kind_are_mapped(tmp_path):
    numbers = np.arange(10)
    files.save(tmp_path / "file", "Demo", {"numbers": numbers})
    mapped = files.mapped(tmp_path / "file", "Demo")[0]["numbers"]
    np.testing.assert_array_equal(mapped, numbers)
    assert isinstance(mapped.base, mmap.mmap)
    with pytest.raises(ValueError, match="read-only"):
        mapped[0] = 7
    files.read_one_by_one(mapped)
    files.read_one_by_one(numbers)


@pytest.mark.parametrize("read", [files.load, files.mapped])
def test_what_is_no_such_file_is_refused(read, tmp_path):
    files.save_aligned(tmp_path / "file", "Demo", {"numbers": np.arange(10)})
    with pytest.raises(StoreError, match="holds 'Demo', not 'index'"):
        read(tmp_path / "file", "index")
    with pytest.raises(StoreError, match="there is no file"):
        read(tmp_path / "nothing", "Demo")
    header = {
        "__metadata__": {"kind": "Demo", "about": "{}"},
        "x": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]},
    }
    text = json.dumps(header).encode()
    (tmp_path / "brain").write_bytes(len(text).to_bytes(8, "little") + text + bytes(6))
    with pytest.raises(StoreError, match="brain' holds numbers of type BF16"):
        read(tmp_path / "brain", "Demo")
    (tmp_path / "short").write_bytes((tmp_path / "file").read_bytes()[:-1])
    with pytest.raises(StoreError, match="short' is damaged"):
        read(tmp_path / "short", "Demo")


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_a_file_that_is_larger_than_memory_is_mapped(tmp_path):
    files.save_aligned(tmp_path / "file", "Demo", {"x": np.zeros(2**26, np.uint8)})
    code = """import re, resource, sys
from embedlab.machine import files
data = 1024 * int(re.search(r"VmData:\\s+(\\d+)", open("/proc/self/status").read())[1])
resource.setrlimit(resource.RLIMIT_DATA, (data + 2**25,) * 2)  # of this, as of all maps that can be written
assert files.mapped(sys.argv[1], "Demo")[0]["x"][:: 2**20].sum() == 0"""
    subprocess.run([sys.executable, "-c", code, tmp_path / "file"], check=True)
