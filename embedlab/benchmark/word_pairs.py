"""Two lists of word pairs with human ratings."""

from importlib.util import find_spec
from pathlib import Path

from embedlab.benchmark.collection import BenchmarkError
from embedlab.benchmark.folders import lines_of


def simlex999() -> list[tuple[str, str, float]]:
    """Load SimLex-999 (Hill et al. 2015): word pairs rated for similarity, 0 to 10.

    Examples
    --------
    >>> simlex999()[0]
    ('old', 'new', 1.58)
    """
    return _word_pairs("simlex999.txt")


def wordsim353() -> list[tuple[str, str, float]]:
    """Load WordSim-353 (Finkelstein et al. 2002): word pairs rated for relatedness, 0 to 10.

    Examples
    --------
    >>> wordsim353()[0]
    ('love', 'sex', 6.77)
    """
    return _word_pairs("wordsim353.tsv")


def _word_pairs(name: str) -> list[tuple[str, str, float]]:
    found = find_spec("gensim")  # found, not imported: only its data is needed
    if found is None:
        raise BenchmarkError("the word pairs come with gensim: pip install -c constraints.txt gensim")
    file = Path(found.origin).parent / "test" / "test_data" / name
    rows = [line.split("\t") for line in lines_of(file) if line.strip() and not line.startswith("#")]
    return [(first.lower(), second.lower(), float(score)) for first, second, score in rows]
