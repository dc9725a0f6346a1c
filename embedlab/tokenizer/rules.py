"""Which pair to merge next: BPE's rule, and the two that WordPiece is said to have, on the same text.

Google published how BERT's WordPiece is used, not how it was trained. Of its first form it is said that it
adds the unit that raises the likelihood of the text most (Schuster & Nakajima 2012); Hugging Face's course
gives the ratio of counts, as a best guess.
"""

import math
from collections import Counter
from itertools import pairwise

from embedlab.tokenizer.bpe import merge

RULES = ("count", "ratio", "likelihood")


def first_merges(words: dict[str, int], steps: int, rule: str = "count") -> list[str]:
    """Really merge, counting all pairs anew after each step; return the pieces in the order they are made.

    Parameters
    ----------
    words : dict
        Word to how often it occurs. A character inside a word is another symbol than at its beginning: "##a".
    steps : int
    rule : {"count", "ratio", "likelihood"}
        What the next pair (a, b) has most of: count(ab); count(ab) / (count(a) * count(b)); or the gain in
        log likelihood of a unigram model, roughly count(ab) * log(count(ab) * n / (count(a) * count(b))),
        with n symbols in all.

    Raises
    ------
    ValueError
        If there is no such rule.

    Examples
    --------
    >>> words = {"the": 60, "then": 20, "hat": 40, "qu": 1}
    >>> first_merges(words, 2, "count"), first_merges(words, 2, "ratio")
    (['##he', 'the'], ['qu', '##at'])
    """
    if rule not in RULES:
        raise ValueError(f"there is no rule {rule!r}; choose from {', '.join(RULES)}")
    texts = [[word[0], *(f"##{char}" for char in word[1:])] for word in words if word]
    times = [count for word, count in words.items() if word]
    made: list[str] = []
    while len(made) < steps:
        single, double = Counter(), Counter()
        for symbols, count in zip(texts, times, strict=True):
            for symbol in symbols:
                single[symbol] += count
            for pair in pairwise(symbols):
                double[pair] += count
        if not double:
            break
        n = single.total()

        def worth(pair: tuple[str, str], single=single, double=double, n=n) -> float:
            together, ratio = double[pair], double[pair] / (single[pair[0]] * single[pair[1]])
            gain = together * math.log(ratio * n)
            return {"count": together, "ratio": ratio, "likelihood": gain}[rule]

        best = min(double, key=lambda pair: (-worth(pair), pair))
        made.append(best[0] + best[1].removeprefix("##"))
        texts = [merge(symbols, best, made[-1]) for symbols in texts]
    return made
