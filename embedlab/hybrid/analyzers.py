r"""What counts as a word: texts cut into the terms of an inverted index.

A word is letters, the marks on them, digits and underscores; in ASCII text that is ``\w+``. Other text is
brought to one form first (Unicode NFKC: an accent that stands as a character of its own joins its letter),
and invisible characters, such as soft hyphens, go. Some scripts have no spaces that a word would end at: a
run of Chinese, say, gives each character and each pair of neighbours, as Lucene's CJKAnalyzer with
``outputUnigrams`` does, so that any part of the run is found.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import pairwise

import regex  # the standard library's re knows neither marks nor scripts

Analyzer = Callable[[str], list[str]]

KNOWN = 1 << 16  # words whose terms are remembered: the same come again and again

ASCII_WORD = re.compile(r"\w+", re.ASCII)  # finds what WORD finds, three times as fast
SCRIPTS = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
CHARACTER = regex.compile(rf"[[{SCRIPTS}]--\p{{M}}]\p{{M}}*", regex.V1)  # of a script without spaces
WORD = regex.compile(
    rf"(?P<run>(?:{CHARACTER.pattern})+)"
    rf"|[[\p{{L}}\p{{N}}_]--[{SCRIPTS}]][[\p{{L}}\p{{M}}\p{{N}}_]--[{SCRIPTS}]]*",
    regex.V1,
)
# The parts of an identifier: "readCSVFile2" -> read, CSV, File, 2. A letter keeps its marks.
PART = regex.compile(
    r"(?:\p{Lu}\p{M}*+)+(?!\p{Ll})|(?:\p{Lu}\p{M}*+)?(?:\p{Ll}\p{M}*+)+|\p{Nd}+|[^\p{Lu}\p{Ll}\p{Nd}_]+"
)
INVISIBLE = regex.compile(r"\p{Default_Ignorable_Code_Point}+")


def words(text: str) -> list[str]:
    """Cut a text into words, in small letters.

    Examples
    --------
    >>> words("Read a CSV with pandas.read_csv!")
    ['read', 'a', 'csv', 'with', 'pandas', 'read_csv']
    >>> words("Müller, 東京大学")
    ['müller', '東', '京', '大', '学', '東京', '京大', '大学']
    """
    return [word.lower() for word in _words(text)]


def code_words(text: str) -> list[str]:
    """Cut a text into words, and identifiers also into their parts.

    Examples
    --------
    >>> code_words("use read_csv or KMeans")
    ['use', 'read_csv', 'read', 'csv', 'or', 'kmeans', 'k', 'means']
    """
    return [term for word in _words(text) for term in _with_parts(word)]


def stemmed(text: str) -> list[str]:
    """`code_words`, each cut down to its stem by the Snowball stemmer for English (Porter 1980).

    Examples
    --------
    >>> stemmed("Replacing missing values")
    ['replac', 'miss', 'valu']
    """
    return [stem for word in _words(text) for stem in _stems(word)]


ANALYZERS: dict[str, Analyzer] = {"words": words, "code": code_words, "stemmed": stemmed}


def _words(text: str) -> Iterator[str]:
    """Yield words as they are written, and of a run of a script without spaces its characters and pairs."""
    if text.isascii():
        yield from ASCII_WORD.findall(text)
    elif "\n" in text:  # where no word goes on; most lines of a text in English are ASCII
        for line in text.split("\n"):
            yield from _words(line)
    else:
        for match in WORD.finditer(INVISIBLE.sub("", unicodedata.normalize("NFKC", text))):
            if match["run"]:
                characters = CHARACTER.findall(match["run"])
                yield from characters
                yield from map("".join, pairwise(characters))
            else:
                yield match[0]


@lru_cache(maxsize=KNOWN)
def _with_parts(word: str) -> list[str]:
    parts = PART.findall(word)
    return [part.lower() for part in ([word, *parts] if len(parts) > 1 else [word])]


@lru_cache(maxsize=KNOWN)
def _stems(word: str) -> list[str]:
    return _stemmer().stemWords(_with_parts(word))


@cache
def _stemmer():
    import Stemmer

    return Stemmer.Stemmer("english")
