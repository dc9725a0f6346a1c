"""Questions that a semantic cache takes for each other, rightly or wrongly, and what a threshold does.

Two wordings of a question have one answer: a cache that serves the stored one makes a hit. A *near miss*
looks much the same and has another answer: a cache that serves the stored one makes a false hit.

The pairs were written to be told apart by people, and to be hard for vectors; how often such questions come
is another matter, which only the log of a service can tell.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import yaml
from numpy.typing import NDArray

from embedlab.benchmark import grouped_interval
from embedlab.hybrid import stemmed
from embedlab.machine import StoreError, content_key, data_path

Floats = NDArray[np.float64]


KINDS = ("light", "same", "near")


@dataclass(frozen=True)
class Pair:
    """What was asked before, and what is asked now.

    Attributes
    ----------
    stored, asked : str
    kind : {"light", "same", "near"}
        The same question with a word or two changed; in other words; a near miss.
    change : str
        Of a near miss, what makes the difference: "opposite", "axis", "number" ...; else "".
    about : {"docs", "faq"}
    """

    stored: str
    asked: str
    kind: str
    change: str
    about: str

    @property
    def same(self) -> bool:
        """Whether the stored answer is right."""
        return self.kind != "near"


@cache
def paraphrases(part: str | None = None, *, seed: int = 0) -> tuple[Pair, ...]:
    """Return the written pairs of a part, "dev" or "test"; all of them by default.

    Whole questions are dealt out, so that a question's pairs are all on one side.

    Raises
    ------
    ValueError
        If there is no such part.

    Examples
    --------
    >>> pairs = paraphrases()
    >>> [sum(pair.kind == kind for pair in pairs) for kind in KINDS]
    [67, 134, 134]
    >>> len(paraphrases("dev")), len(paraphrases("test"))
    (170, 165)
    """
    if part not in (None, "dev", "test"):
        raise ValueError(f"part must be dev or test, but is {part!r}")
    stored = yaml.safe_load((data_path("serving") / "paraphrases.yaml").read_text(encoding="utf-8"))
    order = random.Random(seed).sample(range(len(stored)), len(stored))
    half = (len(order) + 1) // 2
    rows = {None: range(len(stored)), "dev": sorted(order[:half]), "test": sorted(order[half:])}[part]
    pairs = []
    for one in (stored[row] for row in rows):
        base, about = one["question"], one["about"]
        pairs += [Pair(base, text, kind, "", about) for kind in KINDS[:2] for text in one[kind]]
        pairs += [Pair(base, near["text"], "near", near["change"], about) for near in one["near"]]
    return tuple(pairs)


@cache
def paraphrase_scores(model: str = "mean", part: str | None = None) -> Floats:
    """Return the shipped score of each pair of a part: float array (n,), in the order of `paraphrases`.

    Parameters
    ----------
    model : {"mean", "cls", "fine-tuned", "cross-encoder"}
        Cosines of all-MiniLM-L6-v2 with two poolings and of the encoder that is fine-tuned on DocSearch; and
        what the course's cross-encoder says.
    part : {"dev", "test"}, optional

    Raises
    ------
    StoreError
        If the scores are of other pairs.
    ValueError
        If there is no such model.
    """
    shipped = json.loads((data_path("serving") / "paraphrases.json").read_text(encoding="utf-8"))
    pairs = paraphrases()
    if shipped["pairs"] != content_key(*(f"{pair.stored}\0{pair.asked}" for pair in pairs)):
        raise StoreError(
            "paraphrases.json is of other pairs: python tools/measure_reliability.py paraphrases"
        )
    if model not in shipped["scores"]:
        raise ValueError(f"no scores of {model!r}; choose from {', '.join(shipped['scores'])}")
    score = dict(zip(pairs, shipped["scores"][model], strict=True))
    return np.array([score[pair] for pair in paraphrases(part)])


@dataclass(frozen=True)
class Share:
    """Of n pairs of a kind, the share that is served, and its 95 % interval over the base questions."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}]"


def served_shares(
    served: NDArray[np.bool_], pairs: Sequence[Pair], *, samples: int = 2000, seed: int = 0
) -> dict[str, Share]:
    """Return what share of each kind is served: hits of "light" and "same", false positives of "near".

    Whole base questions are resampled: two near misses of one question are not two questions.

    Parameters
    ----------
    served : bool array (n,)
        Whether the cache would give the stored answer.
    pairs : sequence of n Pair

    Examples
    --------
    >>> shares = served_shares(np.array([pair.same for pair in paraphrases()]), paraphrases())
    >>> str(shares["light"]), str(shares["near"])
    ('1.00 [1.00, 1.00]', '0.00 [0.00, 0.00]')
    """
    served = np.asarray(served, bool)
    if len(served) != len(pairs):
        raise ValueError(f"{len(served)} decisions do not fit {len(pairs)} pairs")
    shares = {}
    for kind in KINDS:
        rows = [row for row, pair in enumerate(pairs) if pair.kind == kind]
        values, groups = served[rows].astype(float), [pairs[row].stored for row in rows]
        interval = grouped_interval(lambda r, v=values: v[r].mean(), groups, samples=samples, seed=seed)
        shares[kind] = Share(float(values.mean()), *interval, len(rows))
    return shares


def choose_threshold(scores: Floats, same: NDArray[np.bool_], most: float) -> float:
    """Return the lowest threshold at which at most a share of the near misses is served.

    A pair is served if its score is at least the threshold.

    Parameters
    ----------
    scores : float array (n,)
        For example cosines.
    same : bool array (n,)
        Whether the stored answer is right.
    most : float, 0 to 1
        The share of near misses that may be served.

    Returns
    -------
    float
        One of the scores; infinity if even the largest is a near miss's, and too many.

    Examples
    --------
    >>> scores, same = np.array([0.9, 0.8, 0.7, 0.85, 0.6]), np.array([1, 1, 1, 0, 0], bool)
    >>> choose_threshold(scores, same, 0.0), choose_threshold(scores, same, 0.5)
    (0.9, 0.7)
    """
    if not 0 <= most <= 1:
        raise ValueError(f"a share is from 0 to 1, but most is {most}")
    wrong = scores[~same]
    return float(min((t for t in np.unique(scores) if (wrong >= t).mean() <= most), default=np.inf))


# Words that turn a question round; a stop list would throw most of them away.
TURNING = frozenset(
    """not no never without with before after during above below over under first last next previous all any
    only both left right from to on off in out up down""".split()  # noqa: SIM905
)
WORD = re.compile(r"\d+(?:\.\d+)*|[^\W\d_]+")


def decisive_words(text: str) -> tuple[str, ...]:
    """Return what a paraphrase rarely changes, in its order: numbers, negations, words of direction.

    Examples
    --------
    >>> decisive_words("How do I install version 2.0 without pip?")
    ('2.0', 'without')
    """
    words = WORD.findall(re.sub(r"n't\b", " not", text.casefold()))
    return tuple(word for word in words if word in TURNING or word[0].isdigit())


def same_decisive_words(stored: str, asked: str) -> bool:
    """Tell whether two questions share numbers, negations and words of direction: a cheap second check.

    Examples
    --------
    >>> same_decisive_words("Can I use Python 3.12?", "Can I use Python 3.8?")
    False
    >>> same_decisive_words("How do I reset my password?", "I forgot my password, what now?")
    True
    """
    return decisive_words(stored) == decisive_words(asked)


# Words that ask and say nothing else. None of `TURNING` is among them.
ASKING = frozenset(
    """a an the this that which how what s where is are was do does did can could may i me my you your we our
    please would like want have has of for given each every way use""".split()  # noqa: SIM905
)


def loose_key(text: str) -> tuple[str, ...]:
    """Return an exact key that a light rewording does not change: stems, in order, without words of asking.

    No vector is needed. The order stays, as "from MP4 to AVI" is not "from AVI to MP4".

    Examples
    --------
    >>> loose_key("How do I reset my password?") == loose_key("How can I reset the passwords, please?")
    True
    """
    return tuple(
        stem for word in WORD.findall(text.casefold()) if word not in ASKING for stem in stemmed(word)
    )
