"""A model's files: JSON that is none, and hashes that are kept without going stale."""

import hashlib
import os
import time

import pytest

from embedlab.machine import ModelError, file_sha256, read_json


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Make a file that looks written long ago, and an empty cache."""
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"weights")
    # The time of a change cannot be set back, so the clock is put forward.
    monkeypatch.setattr("embedlab.machine.model.time.time_ns", lambda: file.stat().st_ctime_ns + 3 * 10**9)
    return file


def counted(monkeypatch):
    calls, real = [], hashlib.file_digest
    monkeypatch.setattr("hashlib.file_digest", lambda *args: calls.append(1) or real(*args))
    return calls


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_a_hash_is_computed_once_and_again_where_the_file_changed(weights, monkeypatch):
    calls = counted(monkeypatch)
    assert file_sha256(weights) == file_sha256(weights) == sha256(b"weights")
    assert len(calls) == 1
    before = weights.stat()
    time.sleep(0.02)  # longer than the step of the file system's clock
    weights.write_bytes(b"WEIGHTS")  # as long as before, and dated back
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file_sha256(weights) == sha256(b"WEIGHTS")
    weights.write_bytes(b"longer weights")
    assert file_sha256(weights) == sha256(b"longer weights")


def test_a_young_file_is_hashed_each_time(weights, monkeypatch):
    monkeypatch.setattr("embedlab.machine.model.time.time_ns", lambda: weights.stat().st_ctime_ns)
    calls = counted(monkeypatch)
    assert file_sha256(weights) == file_sha256(weights) == sha256(b"weights")
    assert len(calls) == 2


def test_it_can_be_asked_to_read_the_file_in_any_case(weights, monkeypatch):
    file_sha256(weights)
    calls = counted(monkeypatch)
    assert file_sha256(weights, remember=False) == sha256(b"weights")
    assert calls == [1]


@pytest.mark.parametrize("junk", ["", "\0" * 64, "abc"])
def test_a_damaged_cache_is_not_believed(weights, tmp_path, junk):
    file_sha256(weights)
    (kept,) = [file for file in (tmp_path / "cache" / "sha256").iterdir() if file.suffix != ".lock"]
    kept.write_text(junk)
    with pytest.warns(UserWarning, match="is damaged"):
        assert file_sha256(weights) == sha256(b"weights")


def test_without_a_cache_it_still_hashes(weights, tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file, where the cache should be")
    monkeypatch.setenv("EMBEDLAB_CACHE", str(tmp_path / "taken"))
    assert file_sha256(weights) == sha256(b"weights")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ("[]", "should hold a dict, but holds a list"),
    ],
)
def test_refuses_json_of_another_kind(tmp_path, text, message):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ModelError, match=message):
        read_json(tmp_path / "config.json")
