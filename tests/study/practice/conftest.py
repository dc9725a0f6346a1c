import pytest

from embedlab.study.practice import History


@pytest.fixture
def history(tmp_path):
    return History(tmp_path / "history.sqlite")
