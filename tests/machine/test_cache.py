"""Results are stored whole or not at all, built once, and built again where the file is damaged."""

import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab.machine import cache_dir, cached, content_key, write_atomically
from embedlab.machine.cache import clear, size


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Give each test a cache of its own: none touches the reader's."""
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def fetch(build, read=Path.read_text):
    return cached("demo", "key", build, Path.write_text, read, suffix=".txt")


def stored(folder):
    """Name the results: locks are left in place, since others may wait at them, and so is the cache's tag."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != "CACHEDIR.TAG")
    return sorted(file.name for file in files if file.suffix != ".lock")


def forbidden():
    raise AssertionError("built, although it is stored")


def test_where_it_is(folder, monkeypatch):
    assert cache_dir() == folder
    monkeypatch.setenv("EMBEDLAB_CACHE", "")
    assert cache_dir().name == "embedlab"  # empty is the same as not set: the user's own folder
    assert cache_dir().is_absolute()


@given(st.lists(st.text()), st.lists(st.text()))
def test_keys_are_equal_only_for_equal_parts(a, b):
    assert (content_key(*a) == content_key(*b)) == (a == b)


@pytest.mark.parametrize(
    ("a", "b"), [(["ab", "c"], ["a", "bc"]), (["a"], ["a", ""]), ([], [""]), (["\ud800"], ["?"])]
)
def test_keys_of_lookalikes_differ(a, b):
    assert content_key(*a) != content_key(*b)


def test_text_and_its_bytes_have_one_key():
    assert content_key("naïve") == content_key("naïve".encode())
    assert len(content_key("naïve")) == 32


def test_built_once(folder):
    assert fetch(lambda: "slow") == "slow"
    assert stored(folder) == ["key.txt"]
    assert fetch(forbidden) == "slow"


def test_another_key_or_kind_is_another_result():
    for kind, key in [("a", "x"), ("a", "y"), ("b", "x")]:
        made = cached(kind, key, lambda kind=kind, key=key: kind + key, Path.write_text, Path.read_text)
        assert made == kind + key


def test_a_build_that_raises_leaves_nothing(folder):
    with pytest.raises(RuntimeError, match="no network"):
        fetch(lambda: (_ for _ in ()).throw(RuntimeError("no network")))
    assert stored(folder) == []
    assert fetch(lambda: "at last") == "at last"


def test_a_write_that_raises_leaves_nothing(folder):
    def half(path, text):
        path.write_text(text[: len(text) // 2])
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cached("demo", "key", lambda: "whole", half, Path.read_text, suffix=".txt")
    assert stored(folder) == []
    assert fetch(lambda: "whole") == "whole"


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "deep" / "file"
    write_atomically(path, lambda file: file.write_text("old"))

    def fail(file):
        file.write_text("ne")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_the_place_is_empty_until_all_is_written(folder):
    path = folder / "demo" / "key.txt"

    def write(temporary, text):
        temporary.write_text(text)
        assert temporary.parent == path.parent  # renaming is atomic only within one file system
        assert temporary.suffix == path.suffix  # np.save appends its own to names that lack it
        assert not path.exists()

    cached("demo", "key", lambda: "text", write, Path.read_text, suffix=".txt")
    assert path.read_text() == "text"


@pytest.mark.parametrize("damage", [b"", b"4", b"\xff\xfe not a number"])
def test_a_damaged_file_is_built_again_with_a_warning(folder, damage):
    def read(path):
        text = path.read_text(encoding="utf-8")
        if len(text) != 2:
            raise ValueError(f"{len(text)} characters")
        return int(text)

    def fetch():
        return cached("demo", "key", lambda: 42, lambda path, n: path.write_text(str(n)), read)

    assert fetch() == 42
    (folder / "demo" / "key").write_bytes(damage)
    with pytest.warns(UserWarning, match=r"key is damaged \(.+\); building it again"):
        assert fetch() == 42
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fetch() == 42


# Each of the processes says that it has started, then asks for the same result. Building takes until both
# have started and a while longer, so that without the lock both would build.
PROCESS = """
import sys, time
from pathlib import Path
from embedlab.machine import cached

place = Path(sys.argv[1])

def build():
    while len(list(place.glob("started-*"))) < 2:
        time.sleep(0.01)
    time.sleep(0.5)
    with open(place / "log", "a") as log:
        log.write("built\\n")
    return "result"

(place / f"started-{sys.argv[2]}").touch()
print(cached("demo", "key", build, Path.write_text, Path.read_text))
"""


def test_two_processes_at_once_build_once(tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(tmp_path), name], stdout=subprocess.PIPE, text=True
        )
        for name in "ab"
    ]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert outputs == ["result\n", "result\n"]
    assert (tmp_path / "log").read_text() == "built\n"


def test_a_process_killed_while_it_writes_leaves_no_half_file(folder, tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from embedlab.machine import cached\n"
        "def write(path, text):\n"
        "    path.write_text(text[:2]); Path(sys.argv[1]).touch(); time.sleep(60)\n"
        "cached('demo', 'key', lambda: 'whole', write, Path.read_text, suffix='.txt')"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "writing")])
    deadline = time.monotonic() + 60
    while not (tmp_path / "writing").exists():
        assert process.poll() is None, "it ended before it wrote"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (folder / "demo" / "key.txt").exists()
    assert fetch(lambda: "whole") == "whole"  # the lock of the dead process does not block


def test_size_and_clear(folder):
    assert (size(), clear()) == (0, 0)  # nothing there is no error
    fetch(lambda: "x" * 1000)
    assert size() == 1000
    assert clear() == 1000
    assert not folder.exists()
    assert size() == 0
    assert fetch(lambda: "again") == "again"


def test_clear_stays_within_the_cache(folder, tmp_path):
    (tmp_path / "mine").write_text("keep")
    fetch(lambda: "x")
    clear()
    assert os.listdir(tmp_path) == ["mine"]


def test_a_cache_that_may_only_be_read_is_used_and_left_alone(folder, monkeypatch):
    arguments = ("demo", "x", lambda: "42", Path.write_text, Path.read_text)
    assert cached(*arguments) == "42"
    before = sorted(folder.rglob("*"))
    monkeypatch.setattr("embedlab.machine.cache.os.access", lambda path, mode: False)
    assert cached(*arguments) == "42"
    assert cached("demo", "y", lambda: "43", Path.write_text, Path.read_text) == "43"
    assert sorted(folder.rglob("*")) == before
