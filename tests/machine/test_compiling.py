"""What is compiled stays on disk; neither a damaged file nor a folder that may not be written stops it."""

import importlib.util
import os
import pickle

import pytest
from numba import njit
from numba.core.caching import IndexDataCacheFile

from embedlab.machine import compiling

SOURCE = """
from embedlab.machine import compiled

@compiled()
def twice(x):
    return 2 * x
"""


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """Return a function that loads the module above as a new process would."""
    (tmp_path / "module.py").write_text(SOURCE)
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path / "cache"))

    def load():
        compiling._folder_for.cache_clear()
        spec = importlib.util.spec_from_file_location("module", tmp_path / "module.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.twice

    yield load
    compiling._folder_for.cache_clear()


def stored(tmp_path, suffix):
    (file,) = (tmp_path / "cache" / "compiled").rglob(f"*{suffix}")
    return file


def test_a_later_process_compiles_nothing(fresh):
    assert fresh()(2) == 4
    later = fresh()
    assert later(3) == 6
    assert later.stats.cache_hits
    assert not later.stats.cache_misses


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", ["emptied", "cut short", "zeros", "zeros at the end", "zeros within"])
def test_a_damaged_file_is_made_anew(fresh, tmp_path, suffix, damage):
    fresh()(2)
    file = stored(tmp_path, suffix)
    whole = file.read_bytes()
    n = len(whole)
    file.write_bytes(
        {
            "emptied": b"",
            "cut short": whole[: n // 2],
            "zeros": bytes(n),
            "zeros at the end": whole[: n // 2] + bytes(n - n // 2),
            "zeros within": whole[: n // 3] + bytes(n // 3) + whole[n // 3 + n // 3 :],
        }[damage]
    )
    assert fresh()(2) == 4
    later = fresh()
    assert later(2) == 4
    assert later.stats.cache_hits, "compiled anew, it is kept again"


def test_code_that_does_not_fit_its_hash_is_not_run(fresh, tmp_path):
    fresh()(2)
    file = stored(tmp_path, ".nbc")
    digest, code = pickle.loads(file.read_bytes())
    file.write_bytes(pickle.dumps((digest[::-1], code)))
    again = fresh()
    assert again(2) == 4
    assert not again.stats.cache_hits


def refuse(*_arguments, **_options):
    raise PermissionError(13, "Permission denied")


def test_a_filled_folder_that_may_not_be_written_is_read(fresh, monkeypatch):
    fresh()(2)
    monkeypatch.setattr(IndexDataCacheFile, "_open_for_write", refuse)
    monkeypatch.setattr(compiling._Place, "ensure_cache_path", refuse)
    reader = fresh()
    assert reader(2) == 4
    assert reader.stats.cache_hits
    assert reader(1.5) == 3, "what is not there is compiled, and not kept"


def test_a_damaged_file_in_a_folder_that_may_not_be_written(fresh, tmp_path, monkeypatch):
    fresh()(2)
    stored(tmp_path, ".nbi").write_bytes(b"")
    monkeypatch.setattr(IndexDataCacheFile, "_open_for_write", refuse)
    assert fresh()(2) == 4


def test_no_folder_at_all(fresh, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert fresh()(2) == 4


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or not os.geteuid(), reason="root may all")
def test_a_folder_without_the_right_to_write(fresh, tmp_path):
    fresh()(2)
    folders = [tmp_path / "cache", *(path for path in (tmp_path / "cache").rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    assert fresh()(2) == 4
    assert fresh()(1.5) == 3
    for folder in folders:
        folder.chmod(0o700)


def test_compiling_is_said_once(capsys, monkeypatch):
    monkeypatch.setattr(compiling, "_said", [])
    with compiling.compiling_is_announced():
        for value in (1, 1.0):
            njit(lambda x: x + 1)(value)
    assert "".join(capsys.readouterr()).count("compiling for this machine") == 1
    with compiling.compiling_is_announced():
        pass
    assert "".join(capsys.readouterr()) == ""
